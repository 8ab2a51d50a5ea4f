#!/bin/sh
# Makes what the profile "secured" of docker-compose.yml needs: an authority, certificates, passwords.
#
#   secrets.sh FOLDER      each service has a folder of its own below it, and nobody else's secrets
#
# The authority and the passwords are made once and kept; certificates are issued anew each time, for a year. Owners are
# the users that the images run as.
set -eu
umask 077
cd "$1"

for folder in authority kafka postgres admin ingest project api; do
  mkdir -p "$folder"
done

if [ ! -e authority/ca.key ]; then
  openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "/CN=Tuntas authority" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" \
    -keyout authority/ca.key -out authority/ca.pem 2>/dev/null
fi
for folder in kafka postgres admin ingest project api; do
  cp authority/ca.pem "$folder/ca.pem"
done

# issue NAME ALTERNATIVE-NAMES CERTIFICATE KEY
issue() {
  openssl req -new -newkey rsa:3072 -nodes -subj "/CN=$1" -keyout "$4" -out authority/request 2>/dev/null
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$2" > authority/extensions
  openssl x509 -req -days 365 -in authority/request -CA authority/ca.pem -CAkey authority/ca.key \
    -CAcreateserial -extfile authority/extensions -out "$3" 2>/dev/null
  rm authority/request authority/extensions
}

issue broker "DNS:kafka-secured,DNS:localhost,IP:127.0.0.1" kafka/certificate kafka/key
cat kafka/key kafka/certificate > kafka/broker.pem
rm kafka/key kafka/certificate
issue postgres "DNS:postgres-secured,DNS:localhost" postgres/server.pem postgres/server.key
issue admin "DNS:admin" admin/admin.pem admin/admin.key

# password FILE
password() {
  [ -s "$1" ] || openssl rand -hex 32 > "$1"
}

password postgres/password
for folder in admin ingest project api; do
  echo "*:*:*:tuntas:$(cat postgres/password)" > "$folder/pgpass"
done

# The passwords of Tuntas's own users stand where their services read them; `tuntas partners grant` follows the links.
password ingest/password
password project/password
password api/password
mkdir -p admin/passwords
ln -sfn ../../ingest/password admin/passwords/tuntas-ingest
ln -sfn ../../project/password admin/passwords/tuntas-project
ln -sfn ../../api/password admin/passwords/tuntas-api

if [ "$(id -u)" = 0 ] && id tuntas >/dev/null 2>&1; then
  chown -R 1000:1000 kafka       # appuser of apache/kafka
  chown -R 999:999 postgres      # postgres of postgres:18
  chown -R tuntas admin ingest project api
fi
