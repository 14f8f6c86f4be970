#!/bin/sh
# The tests of the dashboard drive Chromium. Playwright's own download is not needed: Debian's package is taken.
set -eu
[ -x /usr/bin/chromium ] && exit 0
if [ "$(id -u)" != 0 ]; then
    echo "crisisflow: the tests need Chromium; install it with: sudo apt-get install chromium" >&2
    exit 2
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium > /dev/null
