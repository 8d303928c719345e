-- Deploy slotkeeper:account_indexes
-- requires: accounts
-- Both hold a handful of rows at a time, so that a deactivation announced and never carried out is
-- found, and the last active admin counted, without reading all accounts.

begin;

create index account_closing on slotkeeper.account (account_id) where closing_at is not null;
create index account_active_admin on slotkeeper.account (account_id)
    where role = 'admin' and state = 'active';

commit;
