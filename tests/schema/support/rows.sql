-- Rows that stay: run on the way back to an earlier release, when races.sql has left others already.
\set ON_ERROR_STOP on
\pset tuples_only on

select run(account('kept-doctor', 'doctor'));
select run(account('kept-admin', 'admin'));
select run(as_worker(replace(account('kept-patient'), '''hash''', quote_literal(encoded()))));
select run(format('update account set closing_at = now() where account_id = %L', id('kept-patient')));
select run(slot('kept-slot', 'kept-doctor'));
select run(book('kept-appointment', 'kept-slot', 'kept-patient', 1));
select run(slot_event('kept-slot', 1));
select run(log_row(90001, 'kept-command'));
select run(throttle('kept-login', 3));
select run(attempt(90001, 'kept-login'));
select run(device('kept-phone', 'kept-patient'));
