-- Verify slotkeeper:accounts

begin;

select account_id, role, state, active, login, password_hash, credential_version, token_version,
    tokens_valid_from, closing_at, created_at, deactivated_at, erased_at
from slotkeeper.account
where false;

rollback;
