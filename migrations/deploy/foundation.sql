-- Deploy slotkeeper:foundation
-- The schema, its words, and the operator classes that let an exclusion constraint compare uuids.

begin;

create schema slotkeeper;

-- A function is for those it is granted to, not for everybody who can connect.
alter default privileges revoke execute on functions from public;

create extension if not exists btree_gist with schema slotkeeper;

-- The same words, in upper case, as the symbols of schemas/*.avsc.
create type slotkeeper.account_role as enum ('patient', 'doctor', 'admin');
create type slotkeeper.account_state as enum ('active', 'deactivated', 'erased');
create type slotkeeper.appointment_state as enum ('booked', 'cancelled', 'fulfilled', 'noshow');
create type slotkeeper.entity as enum ('slot', 'appointment', 'account');
create type slotkeeper.entity_state as enum (
    'open', 'withdrawn',
    'booked', 'cancelled', 'fulfilled', 'noshow',
    'active', 'deactivated', 'erased'
);
create type slotkeeper.event_reason as enum (
    'patient', 'provider', 'facility', 'error', 'other',
    'rescheduled', 'doctor_deactivated', 'password_changed', 'password_reset', 'purged'
);

commit;
