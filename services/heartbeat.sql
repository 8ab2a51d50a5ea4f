-- What a process says of itself (control.heartbeat).

-- name: beat
INSERT INTO control.heartbeat (instance, service, host, pid, trouble)
VALUES (%(instance)s, %(service)s, %(host)s, %(pid)s, %(trouble)s)
ON CONFLICT (instance) DO UPDATE SET beat = clock_timestamp(), stopped = NULL, trouble = excluded.trouble

-- name: forget
-- Removes what nobody asks for any more: all but the last of each service after a day.
DELETE FROM control.heartbeat
WHERE beat < clock_timestamp() - interval '1 day'
  AND beat < (SELECT max(beat) FROM control.heartbeat AS of WHERE of.service = heartbeat.service)

-- name: stop
UPDATE control.heartbeat SET beat = clock_timestamp(), stopped = clock_timestamp() WHERE instance = %(instance)s
