#!/bin/sh
# The tests of the store in PostgreSQL start a server of their own, on a socket: the package's cluster is neither made nor started.
set -eu
[ -x /usr/lib/postgresql/15/bin/initdb ] && [ -e /usr/share/postgresql/15/extension/postgis.control ] && exit 0
if [ "$(id -u)" = 0 ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
fi
"$(dirname "$0")/apt-install.sh" PostgreSQL postgresql-15 postgresql-15-postgis-3
