#!/bin/sh
# The tests of DVC's SSH remote run a sshd of their own, on loopback: the package's service is not enabled.
set -eu
[ -x /usr/sbin/sshd ] && exit 0
"$(dirname "$0")/apt-install.sh" sshd openssh-server
systemctl disable ssh.service ssh.socket 2> /dev/null || true
