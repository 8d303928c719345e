# A private Apache Kafka (one node, KRaft) in DIR/kafka, its log in DIR/kafka.log. Sourced, never run.
# shellcheck shell=bash

KAFKA_HOME=$CACHE/kafka
KAFKA_LIBS=$KAFKA_HOME/libs
# Loaded classes as the JVM keeps them: halves the broker's start. Ignored by another JVM.
KAFKA_CLASSES=$KAFKA_HOME/classes.jsa

# kafka_java OPTION... CLASS ARGUMENT...: java itself takes apart the * of the class path.
kafka_java() {
    exec java -Xshare:auto -Dlog4j2.configurationFile="file:$ROOT/scripts/kafka/log4j2.properties" \
        -cp "$KAFKA_LIBS/*" "$@"
}

# kafka_write_properties DIR: with ports that are free now.
kafka_write_properties() {
    local dir=$1 port controller_port
    port=$(free_port) controller_port=$(free_port)
    install -m 600 /dev/null "$dir/kafka/server.properties"
    cat >"$dir/kafka/server.properties" <<EOT
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:$controller_port
log.dirs=$dir/kafka/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
EOT
    if is_secure "$dir"; then
        secure_kafka_properties "$dir" "$port" "$controller_port" "$(free_port)"
    else
        kafka_plain_properties "$port" "$controller_port"
    fi >>"$dir/kafka/server.properties"
}

kafka_plain_properties() {
    cat <<EOT
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2
advertised.listeners=PLAINTEXT://127.0.0.1:$1
EOT
}

kafka_format() {
    local dir=$1 cluster_id
    # Letters for the two odd digits: an id that begins with a dash is taken for an option.
    cluster_id=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | tr -d '=')
    (kafka_java -XX:SharedArchiveFile="$KAFKA_CLASSES" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
        kafka.tools.StorageTool format -t "$cluster_id" -c "$dir/kafka/server.properties") \
        >"$dir/kafka.log" 2>&1 </dev/null
}

kafka_pid() {
    cat "$1/kafka/pid" 2>/dev/null || true
}

kafka_is_running() {
    same_process "$(kafka_pid "$1")" "$1/kafka/server.properties"
}

kafka_has_started() {
    grep -q 'Kafka Server started' "$1/kafka.log"
}

kafka_started_or_died() {
    kafka_has_started "$1" || ! kafka_is_running "$1"
}

# kafka_launch DIR JAVA-OPTION...: in a session of its own, so that it outlives this shell and its terminal.
kafka_launch() {
    local dir=$1
    shift
    # shellcheck disable=SC2016,SC2086 # the inner shell expands them; options without blanks, one word each
    setsid bash -c 'printf "%s\n" $$ >"$1" && shift && exec "$@"' launch "$dir/kafka/pid" \
        java -Xms256m -Xmx512m -Xshare:auto ${STACK_KAFKA_JAVA:-} "$@" \
        -Dlog4j2.configurationFile="file:$ROOT/scripts/kafka/log4j2.properties" \
        -cp "$KAFKA_LIBS/*" kafka.Kafka "$dir/kafka/server.properties" \
        >"$dir/kafka.log" 2>&1 </dev/null 9>&- &
    wait_until 5 kafka_is_running "$dir"
}

# kafka_start DIR: with the ports that server.properties names; back when it takes clients, or false.
kafka_start() {
    local dir=$1
    [ ! -f "$dir/kafka.log" ] || mv "$dir/kafka.log" "$dir/kafka.log.old"
    kafka_launch "$dir" -XX:SharedArchiveFile="$KAFKA_CLASSES" || return 1
    wait_until 180 kafka_started_or_died "$dir"
    kafka_is_running "$dir" && kafka_has_started "$dir"
}

kafka_restart() {
    kafka_start "$1"
}

# kafka_create DIR: formats and starts; tries other ports when somebody was faster.
kafka_create() {
    local dir=$1 attempt
    mkdir -p "$dir/kafka"
    kafka_write_properties "$dir"
    kafka_format "$dir" || return 1
    rm "$dir/kafka.log"
    for attempt in 1 2 3; do
        kafka_start "$dir" && return 0
        grep -q 'Address already in use' "$dir/kafka.log" || return 1
        say "a port of attempt $attempt was taken meanwhile: trying others"
        kafka_stop "$dir" KILL
        kafka_write_properties "$dir"
    done
    return 1
}

# kafka_stop DIR [SIGNAL]
kafka_stop() {
    stop_process "$(kafka_pid "$1")" "$1/kafka/server.properties" "${2:-TERM}"
    rm -f "$1/kafka/pid"
}

kafka_bootstrap_servers() {
    sed -n 's|^advertised.listeners=[A-Z_]*://\([^,]*\).*|\1|p' "$1/kafka/server.properties"
}

# One run of a throw-away broker, so that the JVM writes the classes that it loaded.
kafka_make_class_archive() {
    local dir
    dir=$(mktemp -d)
    mkdir "$dir/kafka"
    kafka_write_properties "$dir"
    if kafka_format "$dir" && kafka_launch "$dir" -XX:ArchiveClassesAtExit="$KAFKA_CLASSES"; then
        wait_until 180 kafka_started_or_died "$dir" || true
    fi
    kafka_stop "$dir"
    rm -rf "$dir"
}
