# What the project needs of Debian, by release, and what of it is missing here. Sourced, never run.
# shellcheck shell=bash

# Needed to build and to run the stack.
RUNTIME_PACKAGES=(
    build-essential cmake ninja-build pkg-config
    libargon2-dev libavro-dev libcmocka-dev libjansson-dev libjwt-dev libmicrohttpd-dev libpq-dev
    librdkafka-dev libsodium-dev libssl-dev libutf8proc-dev
    postgresql sqitch libdbd-pg-perl maven procps
)
# Needed by the demo besides.
DEMO_PACKAGES=(python3-venv)
# Needed by the tests and the linters besides.
TEST_PACKAGES=(
    clang clang-format clang-tidy gcovr jq libtap-parser-sourcehandler-pgtap-perl shellcheck strace
)

debian_release() {
    # shellcheck source=/dev/null
    (. /etc/os-release && printf '%s' "${ID:-}${VERSION_ID:-}")
}

# wanted_packages runtime|demo|all: one name a line.
wanted_packages() {
    local postgres clang
    case $(debian_release) in
    debian12) postgres=15 clang=14 ;;
    debian13) postgres=17 clang=19 ;;
    *) fail "made for Debian 12 and 13; elsewhere install what scripts/lib/packages.sh lists by hand" ;;
    esac
    printf '%s\n' "${RUNTIME_PACKAGES[@]}"
    java_is_new_enough || printf 'default-jre-headless\n'
    [ "$1" = runtime ] || printf '%s\n' "${DEMO_PACKAGES[@]}"
    [ "$1" != all ] ||
        printf '%s\n' "${TEST_PACKAGES[@]}" "postgresql-$postgres-pgtap" "libclang-rt-$clang-dev"
}

java_is_new_enough() {
    local version
    version=$(java -version 2>&1 | sed -n '1s/.*version "\([0-9]*\).*/\1/p') && [ "${version:-0}" -ge 17 ]
}

# missing_packages runtime|demo|all: those of the wanted ones that dpkg does not have.
missing_packages() {
    local wanted
    wanted=$(wanted_packages "$1" | sort -u) || return 1
    # shellcheck disable=SC2086 # names without blanks, one word each
    comm -23 <(printf '%s\n' "$wanted") \
        <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
            sed -n 's/^installed //p' | sort -u)
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# install_packages NAME...: quietly; what apt said is shown only when it fails.
install_packages() {
    local log=$CACHE/install.log
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || fail "needs root or sudo to install: $*"
    say "installing Debian packages: $*"
    keep_postgres_from_making_a_cluster
    as_root env DEBIAN_FRONTEND=noninteractive sh -c '
        apt-get -qq update && apt-get -qq -y --no-install-recommends install "$@"' sh "$@" >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        fail "apt-get failed; all of it is in $log"
    }
}

# Debian's package would make and start a cluster of the machine's own, which nothing here uses.
keep_postgres_from_making_a_cluster() {
    local file=/etc/postgresql-common/createcluster.d/slotkeeper.conf
    dpkg-query -W postgresql-common >/dev/null 2>&1 && return
    as_root mkdir -p "${file%/*}"
    printf 'create_main_cluster = false\n' | as_root tee "$file" >/dev/null
}
