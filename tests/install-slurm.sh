#!/bin/sh
# The tests of the Slurm profile run a cluster of one node of their own, on loopback. This brings the programs, and opens no
# machine: the packages' services are neither started nor enabled.
set -eu
[ -x /usr/sbin/slurmctld ] && [ -x /usr/sbin/slurmd ] && [ -x /usr/sbin/munged ] && exit 0
if [ "$(id -u)" != 0 ]; then
    echo "crisisflow: the tests need Slurm; install it with: sudo apt-get install slurm-wlm munge" >&2
    exit 2
fi
denied=/usr/sbin/policy-rc.d
if [ ! -e "$denied" ]; then
    trap 'rm -f "$denied"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$denied"
    chmod +x "$denied"
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends slurm-wlm munge > /dev/null
systemctl disable slurmctld.service slurmd.service munge.service 2> /dev/null || true
