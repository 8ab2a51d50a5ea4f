#!/bin/sh
# Two events by the console producer of Apache Kafka, one in each content mode: sh console_producer.sh BOOTSTRAP
set -eu
KEY=PRK-000000042

# Structured: the value is the whole event. A line is key, tabulator, value.
printf '%s\t%s\n' "$KEY" '{"specversion": "1.0", "id": "sample-console-1", "source": "/partners/pijar-mahir", "type": "id.tuntas.class.started.v1", "time": "2020-06-29T20:10:00+07:00", "data": {"participant_id": "PRK-000000042", "class_code": "C-0107"}}' |
    kafka-console-producer.sh --bootstrap-server "$1" --topic tuntas.partner.pijar-mahir \
        --property parse.key=true

# Binary: the value is the data. A line is headers, tabulator, key, tabulator, value.
HEADERS='content-type:application/json,ce_specversion:1.0,ce_id:sample-console-2,ce_source:/partners/pijar-mahir,ce_type:id.tuntas.class.started.v1,ce_time:2020-06-29T20:10:00+07:00'
printf '%s\t%s\t%s\n' "$HEADERS" "$KEY" '{"participant_id": "PRK-000000042", "class_code": "C-0107"}' |
    kafka-console-producer.sh --bootstrap-server "$1" --topic tuntas.partner.pijar-mahir \
        --property parse.key=true --property parse.headers=true
