#!/bin/sh
# The tests of the dashboard drive Chromium. Playwright's own download is not needed: Debian's package is taken.
set -eu
[ -x /usr/bin/chromium ] && exit 0
"$(dirname "$0")/apt-install.sh" Chromium chromium
