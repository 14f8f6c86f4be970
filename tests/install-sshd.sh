#!/bin/sh
# The tests of DVC's SSH remote run a sshd of their own, on loopback. This brings the program, and opens no machine: the
# package's service is neither started nor enabled.
set -eu
[ -x /usr/sbin/sshd ] && exit 0
if [ "$(id -u)" != 0 ]; then
    echo "crisisflow: the tests need sshd; install it with: sudo apt-get install openssh-server" >&2
    exit 2
fi
denied=/usr/sbin/policy-rc.d
if [ ! -e "$denied" ]; then
    trap 'rm -f "$denied"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$denied"
    chmod +x "$denied"
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends openssh-server > /dev/null
systemctl disable ssh.service ssh.socket 2> /dev/null || true
