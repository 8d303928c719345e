# What scripts/stack does with the two servers of DIR together. Sourced, never run.
# shellcheck shell=bash

# stack_folder DIR: its whole path, if the servers' own configuration files can carry it.
stack_folder() {
    local dir
    dir=$(realpath -m -- "$1")
    case $dir in
    / | *[!A-Za-z0-9/._+@-]*) fail "the folder's path may have letters, digits and / . _ + @ - only: $dir" ;;
    esac
    printf '%s\n' "$dir"
}

# stack_up DIR secure|plain: what is there already goes on as it is, but never less secure than asked for.
stack_up() {
    local dir=$1 how=$2
    mkdir -p "$dir"
    "$ROOT/scripts/install" runtime
    postgres_check_reach "$dir"
    exec 9>"$dir/lock"
    flock -n 9 || fail "another one is at work in $dir"
    if postgres_is_running "$dir" || kafka_is_running "$dir"; then
        fail "a stack runs in $dir already (scripts/stack down $dir stops it)"
    fi
    if [ -f "$dir/env" ]; then
        [ "$how" = plain ] || is_secure "$dir" || fail "the stack in $dir was made without --secure: choose another folder"
        stack_continue "$dir"
    else
        stack_create "$dir" "$how"
    fi
    say "the stack is up: . $dir/env"
}

# A stack that was stopped: same data, same ports, and whatever migrations and topics came since.
stack_continue() {
    local dir=$1
    trap 'stack_failed "$dir"' EXIT
    kafka_restart "$dir" &
    postgres_restart "$dir" || stack_blame "$dir" postgres
    wait $! || stack_blame "$dir" kafka
    stack_migrate "$dir" "$dir/env"
    ! is_secure "$dir" || secure_grant "$dir"
    stack_make_keys_and_topics "$dir" "$dir/env"
    trap - EXIT
}

stack_create() {
    local dir=$1 how=$2 superuser_password owner_password worker_password kafka_job
    if [ -e "$dir/postgres" ] || [ -e "$dir/kafka" ] || [ -e "$dir/tls" ]; then
        fail "$dir has a folder postgres, kafka or tls that is no stack of ours"
    fi
    superuser_password=$(random_hex 16) owner_password=$(random_hex 16) worker_password=$(random_hex 16)
    trap 'stack_failed "$dir" && stack_remove "$dir"' EXIT
    [ "$how" = plain ] || secure_prepare "$dir"
    stack_create_kafka "$dir" &
    kafka_job=$!
    postgres_create "$dir" "$superuser_password" || stack_blame "$dir" postgres
    stack_write_secret "$dir"
    stack_make_roles "$dir" "$superuser_password" "$owner_password" "$worker_password"
    stack_write_env "$dir" "$superuser_password" "$owner_password" "$worker_password"
    stack_migrate "$dir" "$dir/env.new"
    wait "$kafka_job" || stack_blame "$dir" kafka
    stack_add_kafka_to_env "$dir"
    ! is_secure "$dir" || secure_write_user_envs "$dir"
    stack_make_keys_and_topics "$dir" "$dir/env.new"
    mv "$dir/env.new" "$dir/env"
    trap - EXIT
}

stack_create_kafka() {
    kafka_create "$1" || return 1
    ! is_secure "$1" || secure_grant "$1"
}

# The end of the log that explains it, and out.
stack_blame() {
    say "--- the end of $1/$2.log:"
    tail -n 25 "$1/$2.log" >&2 || true
    fail "$2 did not start"
}

# On the way out of an up that failed: nothing that it started stays. A killed PostgreSQL would leave shared memory.
stack_failed() {
    local dir=$1
    trap '' INT TERM
    jobs -p | xargs -r kill 2>/dev/null || true
    wait 2>/dev/null || true
    kafka_stop "$dir" KILL
    postgres_stop "$dir"
    say "the stack in $dir did not come up; logs: $dir/postgres.log $dir/kafka.log"
}

stack_remove() {
    rm -rf "$1/postgres" "$1/kafka" "$1/keys" "$1/tls" "$1/socket" "$1/env.new" "$1"/*.env
}

stack_stop_both() {
    kafka_stop "$1" &
    postgres_stop "$1"
    wait $!
}

stack_down() {
    local dir=$1
    [ -d "$dir" ] || return 0
    exec 9>"$dir/lock"
    flock -w 120 9 || fail "another one is at work in $dir"
    stack_stop_both "$dir"
}

stack_status() {
    local dir=$1 service status=0
    for service in postgres kafka; do
        if "${service}_is_running" "$dir"; then
            say "$service runs, process $("${service}_pid" "$dir")"
        else
            say "$service does not run"
            status=1
        fi
    done
    return "$status"
}

stack_start_one() {
    ! "$2_is_running" "$1" || fail "$2 runs already"
    "$2_restart" "$1" || stack_blame "$1" "$2"
}

# stack_make_roles DIR SUPERUSER-PASSWORD OWNER-PASSWORD WORKER-PASSWORD, and the database that they share.
# The passwords go in on standard input and by the environment, where no list of processes shows them.
stack_make_roles() {
    PGPASSWORD=$2 PGOPTIONS='-c client_min_messages=warning' stack_verified "$1" psql -X -q -v ON_ERROR_STOP=1 \
        -h 127.0.0.1 -p "$(postgres_port "$1")" -U postgres -d postgres 9>&- >&2 <<EOT || fail "no roles and database"
create database slotkeeper;
\\connect slotkeeper
\\set owner_password '$3'
\\set worker_password '$4'
\\i '$MIGRATIONS/bootstrap.sql'
alter database slotkeeper owner to slotkeeper_owner;
EOT
}

stack_write_secret() {
    local dir=$1
    (umask 077 && mkdir -p "$dir/keys/seal" && random_hex 32 >"$dir/keys/secret")
}

# stack_url DIR ROLE PASSWORD
stack_url() {
    printf 'postgresql://%s:%s@127.0.0.1:%s/slotkeeper' "$2" "$3" "$(postgres_port "$1")"
    ! is_secure "$1" || printf '?sslmode=verify-full&sslrootcert=%s' "$1/tls/ca.pem"
}

# stack_verified DIR COMMAND...: a program of libpq, which takes from the environment what our URLs say themselves.
stack_verified() {
    local dir=$1
    shift
    if is_secure "$dir"; then
        PGSSLMODE=verify-full PGSSLROOTCERT=$dir/tls/ca.pem "$@"
    else
        "$@"
    fi
}

stack_write_env() {
    local dir=$1
    (umask 077 && cat >"$dir/env.new") <<EOT
# The private stack in this folder; to be sourced. Written by scripts/stack up.
export SLOTKEEPER_DATABASE_URL='$(stack_url "$dir" slotkeeper_worker "$4")'
export SLOTKEEPER_DATABASE_ADMIN_URL='$(stack_url "$dir" slotkeeper_owner "$3")'
export SLOTKEEPER_TOKEN_JWKS_FILE='$dir/keys/jwks.json'
export SLOTKEEPER_TOKEN_SIGNING_KEY_FILE='$dir/keys/signing.pem'
export SLOTKEEPER_TOKEN_SIGNING_KID='dev-1'
export SLOTKEEPER_TOKEN_ISSUER='slotkeeper-stack'
export SLOTKEEPER_TOKEN_AUDIENCE='slotkeeper'
export SLOTKEEPER_SEAL_KEY_DIR='$dir/keys/seal'
export SLOTKEEPER_SECRET_FILE='$dir/keys/secret'
export SLOTKEEPER_TOPICS_PARTITIONS='${STACK_PARTITIONS:-4}'
export SLOTKEEPER_HTTP_LISTEN='127.0.0.1:0'
export STACK_SUPERUSER_URL='$(stack_url "$dir" postgres "$2")'
EOT
}

stack_add_kafka_to_env() {
    {
        printf "export SLOTKEEPER_KAFKA_BOOTSTRAP_SERVERS='%s'\n" "$(kafka_bootstrap_servers "$1")"
        ! is_secure "$1" || secure_kafka_env "$1" "$SECURE_WORKER"
    } >>"$1/env.new"
}

# stack_migrate DIR ENV: as the owner role; sqitch takes the password from the environment.
stack_migrate() {
    local dir=$1 password
    # shellcheck source=/dev/null
    password=$(. "$2" && printf '%s' "$SLOTKEEPER_DATABASE_ADMIN_URL" | sed 's|^[^:]*://[^:]*:\([^@]*\)@.*|\1|')
    (cd "$MIGRATIONS" && PGPASSWORD=$password SQITCH_FULLNAME=slotkeeper SQITCH_EMAIL=slotkeeper@localhost \
        stack_verified "$dir" sqitch deploy --quiet --verify \
        --target "db:pg://slotkeeper_owner@127.0.0.1:$(postgres_port "$dir")/slotkeeper") \
        >"$dir/migrate.log" 2>&1 9>&- || {
        cat "$dir/migrate.log" >&2
        fail "the migrations failed"
    }
}

# stack_make_keys_and_topics DIR ENV
stack_make_keys_and_topics() {
    local dir=$1 binary=${STACK_BINARY:-$ROOT/build/release/slotkeeper}
    [ -x "$binary" ] || {
        say "no program at $binary: topics and keys are not made"
        return 0
    }
    (
        # shellcheck source=/dev/null
        . "$2"
        exec 9>&-
        [ -f "$SLOTKEEPER_TOKEN_SIGNING_KEY_FILE" ] ||
            "$binary" keys generate --alg ES256 --kid "$SLOTKEEPER_TOKEN_SIGNING_KID" >&2
        compgen -G "$SLOTKEEPER_SEAL_KEY_DIR/*.pub" >/dev/null ||
            "$binary" keys generate --seal --kid dev-seal-1 >&2
        # shellcheck source=/dev/null
        ! is_secure "$dir" || . <(secure_kafka_env "$dir" admin)
        "$binary" topics create >&2
    ) || fail "keys or topics could not be made"
}
