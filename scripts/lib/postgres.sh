# A private PostgreSQL in DIR/postgres, its log in DIR/postgres.log. Sourced, never run.
# PostgreSQL refuses to run as root: then the account that Debian's package makes for it is used.
# shellcheck shell=bash

POSTGRES_ACCOUNT=postgres

# The newest release that Debian installed, 15 or newer.
postgres_programs() {
    local bin
    bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5 -n | tail -n 1)
    [ -x "$bin/initdb" ] || fail "no PostgreSQL below /usr/lib/postgresql: run scripts/install"
    printf '%s\n' "$bin"
}

# From a folder that the account may enter: initdb and pg_ctl look where they are.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && exec setpriv --reuid="$POSTGRES_ACCOUNT" --regid="$POSTGRES_ACCOUNT" --init-groups "$@" 9>&-)
    else
        (cd / && exec "$@" 9>&-)
    fi
}

# The account must reach DIR; DIR itself is the stack's to open, the folders above it are not.
postgres_check_reach() {
    local dir=$1 closed
    [ "$(id -u)" = 0 ] || return 0
    chmod a+x "$dir"
    as_postgres test -x "$dir" && return 0
    closed=$dir
    until as_postgres test -e "$closed"; do
        closed=${closed%/*}
    done
    rmdir --ignore-fail-on-non-empty "$dir"
    fail "PostgreSQL does not run as root, and its account '$POSTGRES_ACCOUNT' may not enter $closed:" \
        "choose a folder elsewhere, such as one below /tmp, or open that one"
}

postgres_write_settings() {
    local dir=$1 port=$2 socket=$1/socket setting
    # A socket's path has 107 bytes at most. All our URLs use TCP, so a stack in a deep folder just has none.
    [ "${#socket}" -le 88 ] || socket=
    {
        printf '%s\n' "listen_addresses = '127.0.0.1'" "port = $port" "unix_socket_directories = '$socket'" \
            "max_connections = 50" "shared_buffers = 256MB" "fsync = on" "synchronous_commit = on" \
            "password_encryption = scram-sha-256" "timezone = 'UTC'" "log_timezone = 'UTC'" \
            "log_line_prefix = '%m [%p] %q%u@%d '"
        for setting in ${STACK_POSTGRES_SETTINGS:-}; do
            printf "%s = '%s'\n" "${setting%%=*}" "${setting#*=}"
        done
        ! is_secure "$dir" || printf "%s\n" "ssl = on" "ssl_cert_file = '$dir/postgres/postgres.pem'" \
            "ssl_key_file = '$dir/postgres/postgres.key'"
    } >"$dir/postgres/stack.conf"
}

# postgres_init DIR SUPERUSER-PASSWORD
postgres_init() {
    local dir=$1 bin owner
    bin=$(postgres_programs)
    owner=$(id -un)
    [ "$owner" != root ] || owner=$POSTGRES_ACCOUNT
    install -d -m 700 -o "$owner" "$dir/postgres"
    install -d -m 755 -o "$owner" "$dir/socket"
    install -m 600 -o "$owner" /dev/null "$dir/postgres.log"
    install -m 600 -o "$owner" /dev/stdin "$dir/postgres/password" <<<"$2"
    as_postgres "$bin/initdb" --pgdata="$dir/postgres/data" --username=postgres \
        --pwfile="$dir/postgres/password" --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 \
        --no-sync --no-instructions >"$dir/postgres.log" 2>&1 || return 1
    rm "$dir/postgres/password"
    ! is_secure "$dir" || postgres_take_tls_only "$dir" "$owner"
    postgres_write_settings "$dir" "$(free_port)"
    printf "include '%s'\n" "$dir/postgres/stack.conf" >>"$dir/postgres/data/postgresql.conf"
}

# postgres_take_tls_only DIR OWNER: whoever comes by TCP must come by TLS; there are no other lines.
postgres_take_tls_only() {
    install -m 600 -o "$2" "$1"/tls/postgres.{key,pem} "$1/postgres"
    rm "$1"/tls/postgres.{key,pem}
    install -m 600 -o "$2" /dev/stdin "$1/postgres/data/pg_hba.conf" <<EOT
local   all all                scram-sha-256
hostssl all all 127.0.0.1/32   scram-sha-256
EOT
}

postgres_pid() {
    sed -n 1p "$1/postgres/data/postmaster.pid" 2>/dev/null || true
}

postgres_is_running() {
    same_process "$(postgres_pid "$1")" "$1/postgres/data"
}

# postgres_start DIR: back when it takes connections, or false.
postgres_start() {
    local dir=$1 bin
    bin=$(postgres_programs)
    as_postgres "$bin/pg_ctl" start --silent --wait --timeout=60 --pgdata="$dir/postgres/data" \
        --log="$dir/postgres.log" </dev/null >/dev/null 2>&1
}

# postgres_restart DIR: a killed server's last processes and its lock on the data may outlive it for a moment.
postgres_restart() {
    wait_until 15 postgres_start "$1"
}

# postgres_create DIR SUPERUSER-PASSWORD: makes and starts it; tries other ports when somebody was faster.
postgres_create() {
    local dir=$1 attempt
    postgres_init "$dir" "$2" || return 1
    for attempt in 1 2 3; do
        postgres_start "$dir" && return 0
        grep -q 'Address already in use' "$dir/postgres.log" || return 1
        say "the port of attempt $attempt was taken meanwhile: trying another"
        postgres_write_settings "$dir" "$(free_port)"
    done
    return 1
}

# postgres_stop DIR [SIGNAL]: INT is PostgreSQL's fast shutdown: connections are cut, data is complete.
postgres_stop() {
    stop_process "$(postgres_pid "$1")" "$1/postgres/data" "${2:-INT}"
}

postgres_port() {
    sed -n 's/^port = //p' "$1/postgres/stack.conf"
}
