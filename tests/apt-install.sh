#!/bin/sh
# apt-install.sh WHAT PACKAGE...: Debian's packages that the tests need. Opens no machine: a service that comes with one is not started.
set -eu
what=$1
shift
if [ "$(id -u)" != 0 ]; then
    echo "crisisflow: the tests need $what; install it with: sudo apt-get install $*" >&2
    exit 2
fi
denied=/usr/sbin/policy-rc.d
if [ ! -e "$denied" ]; then
    trap 'rm -f "$denied"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$denied"
    chmod +x "$denied"
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" > /dev/null
