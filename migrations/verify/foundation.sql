-- Verify slotkeeper:foundation

begin;

select 1 / has_schema_privilege(current_user, 'slotkeeper', 'create')::integer;
select
    'erased'::slotkeeper.account_state,
    'admin'::slotkeeper.account_role,
    'noshow'::slotkeeper.appointment_state,
    'account'::slotkeeper.entity,
    'withdrawn'::slotkeeper.entity_state,
    'purged'::slotkeeper.event_reason;
-- uuid has the operator class that the exclusion constraints need.
select 1 / count(*)
from pg_opclass
where opcintype = 'uuid'::regtype
    and opcmethod = (select oid from pg_am where amname = 'gist');

rollback;
