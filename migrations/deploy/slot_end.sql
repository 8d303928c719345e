-- Deploy slotkeeper:slot_end
-- requires: slots
-- Which slots ended before a moment, whoever's they are: only a purge asks. Publishing a slot pays for
-- it, booking one does not. Built beside running bookings, so outside a transaction; one that was
-- broken off leaves an index that is not valid, and is taken away first.

set client_min_messages = warning;
drop index concurrently if exists slotkeeper.slot_end;
create index concurrently slot_end on slotkeeper.slot (upper(during));
