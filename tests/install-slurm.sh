#!/bin/sh
# The tests of the Slurm profile run a cluster of one node of their own, on loopback: the packages' services are not enabled.
set -eu
[ -x /usr/sbin/slurmctld ] && [ -x /usr/sbin/slurmd ] && [ -x /usr/sbin/munged ] && exit 0
"$(dirname "$0")/apt-install.sh" Slurm slurm-wlm munge
systemctl disable slurmctld.service slurmd.service munge.service 2> /dev/null || true
