-- Holds: with its narrow grants the worker can do all that its statements need.

begin;
select plan(17);

select run(account('doc', 'doctor'));
select run(account('pat'));
insert into pending_event (account_id, event_id, event_schema, event) values (id('pat'), id('e'), 1, '\x00');

select allowed(
    as_worker(format('select account_id, role, state, token_version from account where account_id = %L
        for key share', id('pat'))), 'locks an account for a booking');
select allowed(
    as_worker(format('select account_id from account where account_id = %L for update', id('pat'))),
    'locks an account for good');
select allowed(
    as_worker(format('update account set closing_at = now() where account_id = %L', id('pat'))),
    'announces a deactivation');
select denied(as_worker('select login from account'), 'reads no login');
select denied(as_worker('select password_hash from account'), 'reads no password hash');
select denied(as_worker(deactivate('pat')), 'changes no account''s state');
select denied(as_worker(account('x')), 'makes no account');
select allowed(as_worker(slot('s', 'doc')), 'publishes a slot');
select allowed(as_worker(format('select * from slot where slot_id = %L for update', id('s'))), 'locks a slot');
select allowed(as_worker(book('a', 's', 'pat', 1)), 'books it');
select allowed(as_worker(conclude('a', 'cancelled', 'patient')), 'cancels');
select allowed(as_worker(withdraw('s')), 'withdraws it');
select allowed(as_worker(slot_event('s', 1)), 'appends to the trail');
select allowed(as_worker(log_row(1, 'first')), 'appends to the log');
select allowed(as_worker(progress(0, 0, 5)), 'takes a partition');
select allowed(as_worker('update partition_progress set published_offset = 1, to_fence = ''{a}'''), 'moves on');
select allowed(as_worker('delete from pending_event'), 'removes a pending event once it is published');

select * from finish();
rollback;
