"""The audit trail, folded from nothing: chains that hold, transitions that are legal, and at no time two where one may be."""

from collections import defaultdict

from rules import EVENTS_OF, Appointment, Slot, World, illegal
from wire import AUDIT_EVENT, event_hash, event_id_of


class Trail:
    """`find(rule, what, *records)` is told what does not hold."""

    def __init__(self, limits, find):
        self.world = World(limits)
        self.find = find
        self.events = {}

    # ---- rule 5: the trail, folded ----

    def read(self, records, requests):
        causes = {}
        for request in requests:
            for index in range(EVENTS_OF.get(request.name, 1)):
                causes[event_id_of(request.outcome_id, index)] = request
        chains = defaultdict(list)
        for record in records:
            event = AUDIT_EVENT.decode(record.value)
            chain = event["slot_id"] or event["entity_id"]
            if (record.key or b"").decode() != chain or record.text("ce_id") != event["event_id"]:
                self.find(5, "key or headers differ from the event", record.place())
            if event["event_id"] in self.events:
                self.find(3, "an audit event twice", record.place())
                continue
            self.events[event["event_id"]] = event
            chains[chain].append(event)
        for chain, events in chains.items():
            self.check_chain(chain, sorted(events, key=lambda event: event["sequence"]), causes)

    def check_chain(self, chain, events, causes):
        head = bytes(32)
        for position, event in enumerate(events):
            if event["sequence"] != position + 1:
                self.find(5, f"sequence {event['sequence']} where {position + 1} is due", chain)
                return
            if event["previous_hash"] != head or event_hash(event) != event["hash"]:
                self.find(5, f"the hash chain breaks at {position + 1}", chain)
                return
            head = event["hash"]
        if events[0]["slot_id"] is not None:
            self.fold(chain, events, causes)

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
                    self.find("order", "not in the order of the partition", slot_id, cause.place)
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
                world.of_doctor.setdefault(slot.doctor_id, []).append(slot)
        elif event["new_state"] == "BOOKED":
            appointment = Appointment(event["entity_id"], slot, event["actor_id"], event["occurred_at"])
            appointment.rescheduled_from = event["related_id"]
            world.appointments[event["entity_id"]] = appointment
            world.of_patient.setdefault(event["actor_id"], []).append(appointment)
        elif event["entity_id"] in world.appointments:
            appointment = world.appointments[event["entity_id"]]
            appointment.state, appointment.ended_at = event["new_state"], event["occurred_at"]
            appointment.reason = event["reason"]

    # ---- rule 4: sweeps that trust no constraint ----

    def check_overlaps(self):
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
        spans.sort()
        running = []
        for span in spans:
            running = [other for other in running if other[1] > span[0]]
            for other in running:
                since = max(span[2], other[2])
                until = min(end for end in (span[3], other[3], float("inf")) if end is not None)
                if since < until:
                    self.find(4, what, other[4], span[4])
            running.append(span)

    def check_limit(self, patient, appointments):
        limit = self.world.limits.booking_limit
        for booked in appointments:
            now = booked.booked_at
            held = [a for a in appointments if a.booked_at <= now and (a.ended_at is None or a.ended_at > now)]
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
