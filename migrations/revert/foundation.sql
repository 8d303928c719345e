-- Revert slotkeeper:foundation

begin;

drop type slotkeeper.event_reason;
drop type slotkeeper.entity_state;
drop type slotkeeper.entity;
drop type slotkeeper.appointment_state;
drop type slotkeeper.account_state;
drop type slotkeeper.account_role;
drop extension btree_gist;
alter default privileges grant execute on functions to public;
drop schema slotkeeper;

commit;
