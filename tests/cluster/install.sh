#!/bin/sh
# Install Slurm and munge where they are not; no daemon of the system's is needed, the test starts its own.
set -eu
PATH="$PATH:/usr/sbin"
missing=""
for program in munged slurmctld slurmd srun; do
    command -v "$program" >/dev/null || missing="$missing $program"
done
[ "$missing" ] || exit 0

refuse() {
    echo "error: no$missing here, and $1; install the packages slurm-wlm and munge, and try again" >&2
    exit 1
}
command -v apt-get >/dev/null || refuse "no apt-get to install them (Debian, Ubuntu)"
root=""
[ "$(id -u)" = 0 ] || root="sudo -n"
[ -z "$root" ] || $root true 2>/dev/null || refuse "$(id -un) may not install them (neither root nor sudo)"
$root apt-get update --quiet --quiet
$root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes --no-install-recommends slurm-wlm munge
