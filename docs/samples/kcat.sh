#!/bin/sh
# Two events by kcat, one in each content mode: sh kcat.sh BOOTSTRAP
set -eu
KEY=PRK-000000042

# Structured: the value is the whole event.
printf '%s' '{"specversion": "1.0", "id": "sample-kcat-1", "source": "/partners/pijar-mahir", "type": "id.tuntas.class.reviewed.v1", "time": "2020-07-01T10:00:00+07:00", "data": {"participant_id": "PRK-000000042", "class_code": "C-0107", "rating": 4}}' |
    kcat -P -b "$1" -t tuntas.partner.pijar-mahir -k "$KEY" -X enable.idempotence=true \
        -H content-type=application/cloudevents+json

# Binary: the value is the data, each attribute is a header.
printf '%s' '{"participant_id": "PRK-000000042", "class_code": "C-0107", "rating": 4}' |
    kcat -P -b "$1" -t tuntas.partner.pijar-mahir -k "$KEY" -X enable.idempotence=true \
        -H content-type=application/json -H ce_specversion=1.0 -H ce_id=sample-kcat-2 \
        -H ce_source=/partners/pijar-mahir -H ce_type=id.tuntas.class.reviewed.v1 \
        -H ce_time=2020-07-01T10:00:00+07:00
