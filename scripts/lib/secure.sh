# What a secure stack has besides: certificates in DIR/tls, Kafka users and their ACLs, an env file for each user.
# A stack is secure if it was made so; whether it is, DIR/tls says. Sourced, never run.
# shellcheck shell=bash

# Whom `env` is for, and those with a file of their own. What each may do: scripts/kafka/acls.
SECURE_WORKER=worker
SECURE_OTHERS=(client auditor admin)

is_secure() {
    [ -f "$1/tls/ca.pem" ]
}

# secure_certify DIR NAME USAGE: a key in DIR/tls/NAME.key and a certificate in NAME.pem, good for 127.0.0.1 alone.
secure_certify() {
    local tls=$1/tls name=$2
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
        -keyout "$tls/$name.key" -out "$tls/$name.csr" &&
        openssl x509 -req -in "$tls/$name.csr" -CA "$tls/ca.new" -CAkey "$tls/ca.key" -days 3650 -out "$tls/$name.pem" \
            -extfile <(printf '%s\n' 'subjectAltName = IP:127.0.0.1' "extendedKeyUsage = $3") &&
        rm "$tls/$name.csr"
}

# A CA of this stack alone. Its key is gone afterwards, so that these are the only certificates it ever signs: Kafka's
# own connections are known by theirs.
secure_make_certificates() {
    local tls=$1/tls
    (
        umask 077
        install -d -m 755 "$tls" &&
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=CA of a stack" \
                -days 3650 -addext 'keyUsage = critical, keyCertSign' -keyout "$tls/ca.key" -out "$tls/ca.new" &&
            secure_certify "$1" kafka serverAuth,clientAuth && secure_certify "$1" postgres serverAuth &&
            cat "$tls/kafka.key" "$tls/kafka.pem" >"$tls/broker.pem" &&
            rm "$tls/ca.key" "$tls/kafka.key" "$tls/kafka.pem" &&
            chmod 644 "$tls/ca.new" && mv "$tls/ca.new" "$tls/ca.pem"
    ) 2>"$1/tls.log" || {
        cat "$1/tls.log" >&2
        fail "the certificates could not be made"
    }
    rm "$1/tls.log"
}

# The first librdkafka whose SCRAM a Kafka of 4.0 or later takes. Older ones repeat the nonce, which such a broker calls
# invalid credentials; with them passwords go by PLAIN, inside of TLS and to a broker whose certificate was verified.
SECURE_SCRAM_LIBRDKAFKA=2.6.1

secure_choose_mechanism() {
    if [ -n "${STACK_SASL_MECHANISM:-}" ]; then
        printf '%s\n' "$STACK_SASL_MECHANISM"
    elif pkg-config --atleast-version="$SECURE_SCRAM_LIBRDKAFKA" rdkafka; then
        printf 'SCRAM-SHA-512\n'
    else
        printf 'PLAIN\n'
    fi
}

secure_mechanism() {
    cat "$1/kafka/mechanism"
}

# secure_prepare DIR: what the broker's configuration rests on.
secure_prepare() {
    mkdir -p "$1/kafka"
    secure_choose_mechanism >"$1/kafka/mechanism"
    case $(secure_mechanism "$1") in
    PLAIN | SCRAM-SHA-512) ;;
    *) fail "STACK_SASL_MECHANISM is PLAIN or SCRAM-SHA-512" ;;
    esac
    secure_make_certificates "$1"
    secure_make_passwords "$1"
}

secure_make_passwords() {
    local user
    (umask 077 && for user in "$SECURE_WORKER" "${SECURE_OTHERS[@]}"; do
        printf '%s %s\n' "$user" "$(random_hex 16)"
    done >"$1/kafka/users")
}

# secure_kafka_properties DIR PORT CONTROLLER-PORT INTERNAL-PORT: what differs from the plain broker's. Clients come
# with a password; the broker's connections to itself and to its controller with a certificate, so that no password
# of theirs has to lie anywhere, and no other process of this machine can pose as the broker.
secure_kafka_properties() {
    local dir=$1 listener
    cat <<EOT
listeners=SASL_SSL://127.0.0.1:$2,CONTROLLER://127.0.0.1:$3,INTERNAL://127.0.0.1:$4
advertised.listeners=SASL_SSL://127.0.0.1:$2,INTERNAL://127.0.0.1:$4
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:SSL,INTERNAL:SSL
inter.broker.listener.name=INTERNAL
sasl.enabled.mechanisms=$(secure_mechanism "$dir")
$(secure_login_module "$dir")
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:CN=kafka;User:admin
EOT
    for listener in controller internal; do
        printf 'listener.name.%s.ssl.client.auth=required\n' "$listener"
    done
    secure_kafka_stores "$dir"
}

# SCRAM's users are in the cluster's metadata, PLAIN's are named right here.
secure_login_module() {
    local prefix=listener.name.sasl_ssl package=org.apache.kafka.common.security
    if [ "$(secure_mechanism "$1")" = PLAIN ]; then
        printf '%s.plain.sasl.jaas.config=%s.plain.PlainLoginModule required' $prefix $package
        sed 's/\(.*\) \(.*\)/user_\1="\2"/' "$1/kafka/users" | tr '\n' ' ' | sed 's/^/ /; s/ $/;\n/'
    else
        printf '%s.scram-sha-512.sasl.jaas.config=%s.scram.ScramLoginModule required;\n' $prefix $package
    fi
}

secure_kafka_stores() {
    printf '%s\n' ssl.keystore.type=PEM "ssl.keystore.location=$1/tls/broker.pem" \
        ssl.truststore.type=PEM "ssl.truststore.location=$1/tls/ca.pem"
}

# secure_grant DIR: ACLs and users, as the broker itself. Java's start and the compilation come to 2 s.
secure_grant() {
    local dir=$1 arguments=("$1/kafka/access.properties" "$ROOT/scripts/kafka/acls")
    [ "$(secure_mechanism "$dir")" = PLAIN ] || arguments+=("$dir/kafka/users")
    {
        sed -n 's|.*,INTERNAL://|bootstrap.servers=|p' "$dir/kafka/server.properties" | tail -n 1
        printf 'security.protocol=SSL\n'
        secure_kafka_stores "$dir"
    } >"$dir/kafka/access.properties"
    (kafka_java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC "$ROOT/scripts/kafka/Access.java" "${arguments[@]}") \
        >"$dir/access.log" 2>&1 </dev/null || {
        cat "$dir/access.log" >&2
        fail "Kafka's users and ACLs could not be made"
    }
}

# secure_kafka_env DIR USER: how that user speaks to Kafka.
secure_kafka_env() {
    local dir=$1 user=$2
    cat <<EOT
export SLOTKEEPER_KAFKA_SECURITY_PROTOCOL='SASL_SSL'
export SLOTKEEPER_KAFKA_SSL_CA_LOCATION='$dir/tls/ca.pem'
export SLOTKEEPER_KAFKA_SASL_MECHANISM='$(secure_mechanism "$dir")'
export SLOTKEEPER_KAFKA_SASL_USERNAME='$user'
export SLOTKEEPER_KAFKA_SASL_PASSWORD='$(sed -n "s/^$user //p" "$dir/kafka/users")'
EOT
}

# DIR/client.env and the like: the stack's env, as another user of Kafka.
secure_write_user_envs() {
    local dir=$1 user
    for user in "${SECURE_OTHERS[@]}"; do
        (umask 077 && {
            printf '# The private stack in this folder, as the user %s of Kafka; to be sourced.\n' "$user"
            printf ". '%s'\n" "$dir/env"
            secure_kafka_env "$dir" "$user"
        } >"$dir/$user.env")
    done
}
