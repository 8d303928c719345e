-- Deploy slotkeeper:schema_version
-- requires: worker_grants
-- Always the last step of a release. A worker starts on the version that it was built for, and on a
-- later one that still takes it.

begin;

create table slotkeeper.schema_version (
    singleton boolean primary key default true,
    version integer not null,
    oldest_worker integer not null,

    constraint schema_version_singleton check (singleton),
    constraint schema_version_order check (0 < oldest_worker and oldest_worker <= version)
);

insert into slotkeeper.schema_version (version, oldest_worker) values (1, 1);

comment on table slotkeeper.schema_version is 'Which workers this schema takes.';

grant select on slotkeeper.schema_version to slotkeeper_worker;

commit;
