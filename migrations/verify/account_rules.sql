-- Verify slotkeeper:account_rules

begin;

select 1 / (count(*) = 5)::integer
from pg_trigger
where tgenabled = 'O'
    and (tgrelid, tgname) in (
        ('slotkeeper.account'::regclass, 'account_password_encoding'),
        ('slotkeeper.account'::regclass, 'account_admin_by_owner'),
        ('slotkeeper.account'::regclass, 'account_login_kept'),
        ('slotkeeper.account'::regclass, 'account_nothing_to_come'),
        ('slotkeeper.slot'::regclass, 'slot_doctor_active')
    );

rollback;
