# Sourced by ../run --mutate. Each mutation is one statement on a fresh copy of the deployed database;
# a test must fail on it.
superuser -d postgres -c 'alter database slotkeeper rename to original'

superuser -At -d original >"$dir/mutations" <<'SQL'
select format('alter table slotkeeper.%I drop constraint %I cascade', relname, conname)
from pg_constraint join pg_class on pg_class.oid = conrelid
where connamespace = 'slotkeeper'::regnamespace and contype <> 't'
union all
select format('drop index slotkeeper.%I', index.relname)
from pg_index
join pg_class as index on index.oid = indexrelid
where index.relnamespace = 'slotkeeper'::regnamespace and indisunique
    and not exists (select from pg_constraint where conindid = indexrelid)
union all
select format('drop trigger %I on slotkeeper.%I', tgname, relname)
from pg_trigger join pg_class on pg_class.oid = tgrelid
where relnamespace = 'slotkeeper'::regnamespace and not tgisinternal
order by 1
SQL

missed=0
while read -r mutation; do
    superuser -d postgres -c 'drop database if exists slotkeeper' -c 'create database slotkeeper template original' \
        -c 'alter database slotkeeper owner to slotkeeper_owner' 2>/dev/null
    bootstrap slotkeeper
    superuser -d postgres -c "alter role postgres in database slotkeeper set search_path = slotkeeper, fixture, tap"
    superuser -d slotkeeper -c "set client_min_messages = error; $mutation"
    if prove slotkeeper "${tests[@]}" >/dev/null 2>&1 </dev/null; then
        echo "no test notices: $mutation"
        missed=$((missed + 1))
    fi
done <"$dir/mutations"
echo "$(wc -l <"$dir/mutations") mutations, $missed not noticed"
[ "$missed" = 0 ]
