# Read by bin/demo and bin/test, not run: what both need before they can start.
# Everything is idempotent and quick when there is nothing to do.

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Root with apt may install what is missing; anybody else is told what to install.
can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

apt_install() {
    say "Installing $* …"
    local log
    log="$(mktemp)"
    if ! { DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
           DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# The first Python that is new enough: $PYTHON if set, else what the machine calls python3.
find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.11 python3.12 python3.13 python3.14 python; do
        if command -v "$candidate" >/dev/null &&
           "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    die "Python 3.11 or newer is needed and was not found. Set PYTHON to the one to use."
}

make_venv() {
    [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null && return
    local python
    python="$(find_python)"
    say "Making .venv with $python …"
    rm -rf .venv
    if ! "$python" -m venv .venv 2>/dev/null; then
        rm -rf .venv
        # Debian keeps the half of venv that installs pip in a package of its own.
        if can_install && apt_install python3-venv && "$python" -m venv .venv; then return; fi
        rm -rf .venv
        die "$python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv."
    fi
}

# install_locked FILE: installs FILE unless the copy left by the last complete installation is the same.
install_locked() {
    local lock="$1" stamp=".venv/installed-$1"
    cmp -s "$lock" "$stamp" && return
    say "Installing the packages of $lock (a minute or two the first time) …"
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes -r "$lock" ||
        die "The packages of $lock could not be installed; nothing else was changed. Run the command again when the network is back."
    cp "$lock" "$stamp"
}

# Compiled catalogs are not kept in the repository.
compile_catalogs() {
    local po stale=""
    for po in app/translations/*/LC_MESSAGES/*.po; do
        if [ -e "$po" ] && [ ! "${po%.po}.mo" -nt "$po" ]; then stale=yes; fi
    done
    [ -z "$stale" ] && return
    .venv/bin/python -m babel.messages.frontend --quiet compile --directory app/translations --domain messages
}
