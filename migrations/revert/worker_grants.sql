-- Revert slotkeeper:worker_grants
-- To what worker_grants@v1 granted.

begin;

revoke select (login, password_hash),
    insert (account_id, role, login, password_hash, created_at),
    update (state, login, password_hash, credential_version, token_version, tokens_valid_from,
        deactivated_at, erased_at)
    on slotkeeper.account from slotkeeper_worker;

commit;
