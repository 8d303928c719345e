-- Verify slotkeeper:final_states

begin;

select 1 / (count(*) = 7)::integer
from pg_trigger
where tgenabled = 'O'
    and (tgrelid, tgname) in (
        ('slotkeeper.account'::regclass, 'account_final'),
        ('slotkeeper.account'::regclass, 'account_fixed'),
        ('slotkeeper.slot'::regclass, 'slot_final'),
        ('slotkeeper.slot'::regclass, 'slot_fixed'),
        ('slotkeeper.slot'::regclass, 'slot_not_purged'),
        ('slotkeeper.appointment'::regclass, 'appointment_final'),
        ('slotkeeper.appointment'::regclass, 'appointment_fixed')
    );

rollback;
