-- Deploy slotkeeper:accounts
-- requires: foundation
-- Patients, doctors and admins. An erased account keeps its id, role and times, nothing else.

begin;

create table slotkeeper.account (
    account_id uuid primary key,
    role slotkeeper.account_role not null,
    state slotkeeper.account_state not null default 'active',
    active boolean not null generated always as (state = 'active') stored,
    login text collate "C",
    password_hash text collate "C",
    credential_version integer not null default 1,
    token_version integer not null default 1,
    -- Tokens that carry no version are refused if they were issued before this.
    tokens_valid_from timestamptz not null default 'epoch',
    -- A deactivation has announced itself: bookings let it through before they lock.
    closing_at timestamptz,
    created_at timestamptz not null,
    deactivated_at timestamptz,
    erased_at timestamptz,

    constraint account_login_unique unique (login),
    -- What foreign keys that carry the role, and those that guard bookings, refer to.
    constraint account_with_role unique (account_id, role),
    constraint account_with_active unique (account_id, active),

    constraint account_deactivated_at check ((state = 'active') = (deactivated_at is null)),
    constraint account_erased_at check ((state = 'erased') = (erased_at is not null)),
    constraint account_login_present check ((state = 'erased') = (login is null)),
    constraint account_password_hash_present check ((state = 'erased') = (password_hash is null)),
    constraint account_login_form check (login ~ '^[a-z0-9._@+-]{3,254}$'),
    constraint account_password_hash_length check (octet_length(password_hash) between 1 and 512),
    constraint account_versions check (credential_version > 0 and token_version > 0)
);

comment on table slotkeeper.account is 'Patients, doctors and admins.';

commit;
