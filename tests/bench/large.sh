# shellcheck shell=bash
# Sourced by what measures large databases, after scripts/lib/common.sh: builds the load generator, and the program unless
# STACK_BINARY names one, and has a stack's PostgreSQL set up as docs/operations.md advises.

program=()
[ -n "${STACK_BINARY:-}" ] || program=(slotkeeper)
"$ROOT/scripts/build" release bench_load "${program[@]}"
export STACK_POSTGRES_SETTINGS=${STACK_POSTGRES_SETTINGS-shared_buffers=4GB max_wal_size=16GB checkpoint_timeout=30min wal_compression=lz4}
