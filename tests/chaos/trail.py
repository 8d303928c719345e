"""The audit trail, folded from nothing: chains that hold, transitions that are legal, and at no time two where one may be."""

from collections import defaultdict

from rules import EVENTS_OF, Appointment, Slot, World, illegal
from wire import AUDIT_EVENT, event_hash, event_id_of


class Trail:
    """`find(rule, what, *records)` is told what does not hold."""

    def __init__(self, limits, find, republished=False):
        self.world = World(limits)
        self.find = find
        self.republished = republished
        self.events = {}
        self.broken = set()  # chains with a gap: what happened there is not known
        self.inactive = {}  # account: [(since, until or None)]
        self.copies = 0

    # ---- rule 5: the trail, folded ----

    def read(self, records, requests):
        causes = {}
        for request in requests:
            for index in range(EVENTS_OF.get(request.name, 1)):
                causes[event_id_of(request.outcome_id, index)] = request
        chains, places = defaultdict(list), {}
        for record in records:
            event = AUDIT_EVENT.decode(record.value)
            chain = event["slot_id"] or event["entity_id"]
            if (record.key or b"").decode() != chain or record.text("ce_id") != event["event_id"]:
                self.find(5, "key or headers differ from the event", record.place())
            first = places.get(event["event_id"])
            if first is not None:
                if self.republished and (first.value, first.key) == (record.value, record.key):
                    self.copies += 1
                else:
                    self.find(3, "an audit event twice", first.place(), record.place())
                continue
            places[event["event_id"]] = record
            self.events[event["event_id"]] = event
            chains[chain].append(event)
        for chain, events in chains.items():
            self.check_chain(chain, sorted(events, key=lambda event: event["sequence"]), causes)

    def check_chain(self, chain, events, causes):
        head = bytes(32)
        for position, event in enumerate(events):
            if event["sequence"] != position + 1:
                self.find(5, f"sequence {event['sequence']} where {position + 1} is due", chain, event["event_id"])
                self.broken.add(chain)
                return
            if event["previous_hash"] != head or event_hash(event) != event["hash"]:
                self.find(5, f"the hash chain breaks at {position + 1}", chain, event["event_id"])
                self.broken.add(chain)
                return
            head = event["hash"]
        if events[0]["slot_id"] is not None:
            self.fold(chain, events, causes)
        else:
            self.fold_account(chain, events)

    def fold_account(self, account, events):
        spans = self.inactive[account] = []
        for event in events:
            under_way = spans and spans[-1][1] is None
            if event["new_state"] == "ACTIVE" and under_way:
                spans[-1] = (spans[-1][0], event["occurred_at"])
            elif event["new_state"] != "ACTIVE" and not under_way:
                spans.append((event["occurred_at"], None))

    def fold(self, slot_id, events, causes):
        slot = self.world.slots[slot_id] = Slot(slot_id)
        places = {}
        for event in events:
            cause = causes.get(event["event_id"])
            why = illegal(slot.versions[-1], event)
            if why is not None:
                self.find(5, why, slot_id, event["event_id"])
            if slot.events and event["occurred_at"] < slot.events[-1]["occurred_at"]:
                self.find(5, "time goes back along a chain", slot_id, event["event_id"])
            if cause is not None:
                partition, offset = cause.record.partition, cause.record.offset
                if offset < places.get(partition, offset):
                    self.find(7, "not in the order of the partition", slot_id, cause.place)
                places[partition] = offset
            slot.events.append(event)
            slot.causes.append(cause)
            slot.versions.append(slot.versions[-1].after(event))
            self.apply(slot, event, cause)

    def apply(self, slot, event, cause):
        world = self.world
        if event["entity"] == "SLOT":
            if event["new_state"] == "OPEN":
                slot.doctor_id = event["actor_id"]
                if cause is not None:
                    slot.starts_at, slot.ends_at = cause.fields["starts_at"], cause.fields["ends_at"]
                world.add_slot(slot)
        elif event["new_state"] == "BOOKED":
            appointment = Appointment(event["entity_id"], slot, event["actor_id"], event["occurred_at"])
            appointment.rescheduled_from = event["related_id"]
            world.add_appointment(appointment)
        elif event["entity_id"] in world.appointments:
            appointment = world.appointments[event["entity_id"]]
            appointment.state, appointment.ended_at = event["new_state"], event["occurred_at"]
            appointment.reason = event["reason"]

    # ---- rule 4: sweeps that trust no constraint ----

    def check_overlaps(self):
        of_slot = defaultdict(list)
        for appointment in self.world.appointments.values():
            of_slot[appointment.slot.slot_id].append(appointment)
        for slot_id, appointments in of_slot.items():
            self.check_holders(slot_id, appointments)
        for doctor, slots in self.world.of_doctor.items():
            spans = []
            for slot in slots:
                ended = slot.events[-1]["occurred_at"] if slot.versions[-1].withdrawn else None
                spans.append((slot.starts_at, slot.ends_at, slot.events[0]["occurred_at"], ended, slot.slot_id))
            self.sweep(spans, f"slots of doctor {doctor} overlap")
        for patient, appointments in self.world.of_patient.items():
            spans = [
                (a.slot.starts_at, a.slot.ends_at, a.booked_at, a.ended_at, a.appointment_id) for a in appointments
            ]
            self.sweep(spans, f"appointments of patient {patient} overlap")
            self.check_limit(patient, appointments)

    def sweep(self, spans, what):
        """Two that overlap in the calendar must not have stood at the same time."""
        spans.sort(key=lambda span: span[:3])
        running = []
        for span in spans:
            running = [other for other in running if other[1] > span[0]]
            for other in running:
                since = max(span[2], other[2])
                until = min(end for end in (span[3], other[3], float("inf")) if end is not None)
                if since < until:
                    self.find(4, what, other[4], span[4])
            running.append(span)

    def check_holders(self, slot_id, appointments):
        """One that is cancelled gives the slot back; all others hold it for ever."""
        holder = None
        for appointment in appointments:  # in the order of booking
            if holder is not None and (holder.state != "CANCELLED" or holder.ended_at > appointment.booked_at):
                self.find(4, "a slot with two active appointments", slot_id, holder.appointment_id, appointment.appointment_id)
            holder = appointment

    def check_inactive(self, accounts):
        """Those without events were made as they are."""
        for account, row in accounts.items():
            if row["state"] != "active":
                self.inactive.setdefault(account, [(0, None)])
        for appointment in self.world.appointments.values():
            for account in (appointment.patient_id, appointment.slot.doctor_id):
                for since, until in self.inactive.get(account, ()):
                    starts = max(since, appointment.booked_at)
                    ends = min(end for end in (until, appointment.ended_at, float("inf")) if end is not None)
                    if starts < ends:
                        self.find(4, f"an inactive account {account} with an appointment", appointment.appointment_id)

    def check_limit(self, patient, appointments):
        limit = self.world.limits.booking_limit
        for booked in appointments:
            now = booked.booked_at
            listed = self.world.to_come(patient, now)
            held = [a for a in listed if a.booked_at <= now and (a.ended_at is None or a.ended_at > now)]
            if limit > 0 and sum(1 for a in held if a.slot.starts_at > now) > limit:
                self.find(4, f"patient {patient} holds more than {limit}", booked.appointment_id)

    # ---- the rows that it folds to ----

    def folded_slots(self):
        folded = {}
        for slot in self.world.slots.values():
            withdrawn = slot.versions[-1].withdrawn
            folded[slot.slot_id] = {
                "doctor_id": slot.doctor_id,
                "starts_at": slot.starts_at,
                "ends_at": slot.ends_at,
                "withdrawn": withdrawn,
                "published_at": slot.events[0]["occurred_at"],
                "withdrawn_at": slot.events[-1]["occurred_at"] if withdrawn else None,
            }
        return folded

    def folded_appointments(self):
        return {
            a.appointment_id: {
                "slot_id": a.slot.slot_id,
                "doctor_id": a.slot.doctor_id,
                "patient_id": a.patient_id,
                "state": a.state,
                "starts_at": a.slot.starts_at,
                "ends_at": a.slot.ends_at,
                "rescheduled_from": a.rescheduled_from,
                "cancel_reason": a.reason,
                "booked_at": a.booked_at,
                "ended_at": a.ended_at,
            }
            for a in self.world.appointments.values()
        }
