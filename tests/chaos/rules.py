"""The contract's rules once more, as a function of a state and a time. Written from the contract, not from the service."""

from dataclasses import dataclass, field

SECOND_US = 1_000_000
MINUTE_US, HOUR_US = 60 * SECOND_US, 3600 * SECOND_US
HOURS_MAX = 48  # that one slot is listed under
# PATIENT_OVERLAP, SLOT_OVERLAP and BOOKING_LIMIT_REACHED rest on rows that are read without a lock, before the clock.
UNLOCKED_US = 5 * SECOND_US

ROLES = {
    "PublishSlot": {"doctor"},
    "WithdrawSlot": {"doctor"},
    "BookSlot": {"patient"},
    "CancelAppointment": {"patient", "doctor", "admin"},
    "RescheduleAppointment": {"patient"},
    "CompleteAppointment": {"doctor", "admin"},
    "MarkNoShow": {"doctor", "admin"},
}
# Step 10's answers: all others are not tied to the command_id.
UNTIED = {
    "MALFORMED",
    "UNKNOWN_SCHEMA",
    "INTERNAL",
    "UNAUTHENTICATED",
    "FORBIDDEN_ROLE",
    "RATE_LIMITED",
    "COMMAND_ID_REUSED",
    "EXPIRED",
    "ACCOUNT_INACTIVE",
}
EVENTS_OF = {"RescheduleAppointment": 2}


@dataclass
class Limits:
    duration_min_us: int = 300 * SECOND_US
    duration_max_us: int = 12 * 3600 * SECOND_US
    horizon_us: int = 400 * 86400 * SECOND_US
    booking_limit: int = 20
    noshow_grace_us: int = 600 * SECOND_US
    command_age_max_us: int = 86400 * SECOND_US
    # Of one worker process: bytes of memory, and connections to PostgreSQL, one a thread and one more for queries.
    worker_rss_max: int = 64 << 20
    worker_connections_max: int = 6


@dataclass
class Version:
    """A slot's state after some number of its events."""

    published: bool = False
    withdrawn: bool = False
    active: str = None  # the appointment that is not cancelled
    states: dict = field(default_factory=dict)  # of its appointments

    def after(self, event):
        later = Version(self.published, self.withdrawn, self.active, dict(self.states))
        if event["entity"] == "SLOT":
            later.published = True
            later.withdrawn = event["new_state"] == "WITHDRAWN"
            return later
        later.states[event["entity_id"]] = event["new_state"]
        if event["new_state"] == "BOOKED":
            later.active = event["entity_id"]
        elif event["new_state"] == "CANCELLED" and later.active == event["entity_id"]:
            later.active = None
        return later


LEGAL = {
    ("SLOT", None, "OPEN"),
    ("SLOT", "OPEN", "WITHDRAWN"),
    ("APPOINTMENT", None, "BOOKED"),
    ("APPOINTMENT", "BOOKED", "CANCELLED"),
    ("APPOINTMENT", "BOOKED", "FULFILLED"),
    ("APPOINTMENT", "BOOKED", "NOSHOW"),
}


def illegal(version, event):
    """Why `event` may not follow `version`, or None."""
    entity, old, new = event["entity"], event["old_state"], event["new_state"]
    if (entity, old, new) not in LEGAL:
        return f"no such transition: {entity} {old} to {new}"
    if entity == "SLOT":
        if old is None and version.published:
            return "published twice"
        if old is not None and (version.withdrawn or version.active):
            return "withdrawn although withdrawn or taken"
        return None
    if new == "BOOKED":
        if not version.published or version.withdrawn or version.active:
            return "booked although the slot is not open"
        return "an appointment_id twice" if event["entity_id"] in version.states else None
    return None if version.states.get(event["entity_id"]) == old else "its old state is another"


@dataclass
class Slot:
    slot_id: str
    doctor_id: str = None
    starts_at: int = 0
    ends_at: int = 0
    events: list = field(default_factory=list)  # by sequence
    causes: list = field(default_factory=list)  # the request of each event
    versions: list = field(default_factory=lambda: [Version()])

    def between(self, request, decided_at):
        """The versions that `request` may have seen: times decide, and within one batch the order of its partition."""
        first = last = 0
        for event, cause in zip(self.events, self.causes):
            own_partition = cause is not None and cause.record.partition == request.record.partition
            later = own_partition and cause.record.offset >= request.record.offset
            earlier = own_partition and not later
            same = event["occurred_at"] == decided_at
            before = event["occurred_at"] < decided_at
            first += 1 if before or (same and earlier) else 0
            last += 1 if before or (same and not later) else 0
        return self.versions[first : last + 1]


@dataclass
class Appointment:
    appointment_id: str
    slot: Slot
    patient_id: str
    booked_at: int
    ended_at: int = None
    state: str = "BOOKED"
    reason: str = None
    rescheduled_from: str = None

    def held(self, since, until):
        return self.booked_at <= until and (self.ended_at is None or self.ended_at >= since)

    def overlaps(self, slot):
        return self.slot.starts_at < slot.ends_at and slot.starts_at < self.slot.ends_at


def hours(slot):
    """Those of the calendar that it touches."""
    first = slot.starts_at // HOUR_US
    return range(first, min((slot.ends_at - 1) // HOUR_US, first + HOURS_MAX) + 1)


class World:
    """What the audit events say, folded from nothing. A long run has too many slots and appointments to go through all for each
    request: they are listed by the calendar's hour, and appointments by the minutes in which they were to come."""

    def __init__(self, limits):
        self.limits = limits
        self.slots = {}
        self.appointments = {}
        self.of_patient = {}
        self.of_doctor = {}
        self.slots_by_hour = {}  # (doctor, hour)
        self.appointments_by_hour = {}  # (patient, hour)
        self.by_minute = None  # (patient, minute): appointments
        self.minute_last = 0
        self.nowhere = Slot("")

    def add_slot(self, slot):
        self.of_doctor.setdefault(slot.doctor_id, []).append(slot)
        for hour in hours(slot):
            self.slots_by_hour.setdefault((slot.doctor_id, hour), []).append(slot)

    def add_appointment(self, appointment):
        self.appointments[appointment.appointment_id] = appointment
        self.of_patient.setdefault(appointment.patient_id, []).append(appointment)
        for hour in hours(appointment.slot):
            self.appointments_by_hour.setdefault((appointment.patient_id, hour), []).append(appointment)

    @staticmethod
    def at(by_hour, account, slot):
        """What the account has in the hours of the slot; some of it more than once."""
        return (entry for hour in hours(slot) for entry in by_hour.get((account, hour), ()))

    def to_come(self, patient, now):
        """All that the patient may have held at that time, or a little before, and that was still to come. Once all is folded."""
        if self.by_minute is None:
            self._list_minutes()
        return self.by_minute.get((patient, min(now // MINUTE_US, self.minute_last)), ())

    def _list_minutes(self):
        entries = self.appointments.values()
        last = max((entry.ended_at or entry.booked_at for entry in entries), default=0)
        self.by_minute, self.minute_last = {}, (last + UNLOCKED_US) // MINUTE_US
        for entry in entries:
            until = min(entry.ended_at or last, entry.slot.starts_at, last) + UNLOCKED_US
            for minute in range(entry.booked_at // MINUTE_US, until // MINUTE_US + 1):
                self.by_minute.setdefault((entry.patient_id, minute), []).append(entry)

    def slot(self, slot_id):
        return self.slots.get(slot_id, self.nowhere)

    # ---- what a request may have been answered ----

    def possible(self, request, decided_at):
        """The codes that step 10 may give, over all states that the request may have seen."""
        fields, name = request.fields, request.name
        slot = self.slot(fields["slot_id"])
        codes = set()
        for version in slot.between(request, decided_at):
            if name == "PublishSlot":
                codes |= self._publish(request, version, decided_at)
            elif name == "WithdrawSlot":
                codes.add(self._withdraw(request, slot, version, decided_at))
            elif name == "BookSlot":
                codes |= self._book(request, slot, version, decided_at, None)
            else:
                codes |= self._end(request, slot, version, decided_at)
        return codes

    def _publish(self, request, version, now):
        starts_at, ends_at = request.fields["starts_at"], request.fields["ends_at"]
        duration = ends_at - starts_at
        if version.published:
            return {"SLOT_EXISTS"}
        if duration <= 0 or not self.limits.duration_min_us <= duration <= self.limits.duration_max_us:
            return {"SLOT_INVALID_RANGE"}
        if starts_at <= now:
            return {"SLOT_IN_PAST"}
        if starts_at > now + self.limits.horizon_us:
            return {"SLOT_TOO_FAR"}
        wanted = Slot("", starts_at=starts_at, ends_at=ends_at)
        others = (
            other
            for other in self.at(self.slots_by_hour, request.caller, wanted)
            if other.slot_id != request.fields["slot_id"] and other.starts_at < ends_at and starts_at < other.ends_at
        )
        possible = {"", "SLOT_OVERLAP"} if any(self._stood(other, now) for other in others) else {""}
        return possible

    @staticmethod
    def _stood(slot, now):
        published = slot.events[0]["occurred_at"]
        withdrawn = slot.events[-1]["occurred_at"] if slot.versions[-1].withdrawn else None
        return published <= now and (withdrawn is None or withdrawn >= now - UNLOCKED_US)

    @staticmethod
    def _withdraw(request, slot, version, now):
        if not version.published or slot.doctor_id != request.caller:
            return "SLOT_NOT_FOUND"
        if version.withdrawn:
            return "SLOT_WITHDRAWN"
        if version.active:
            return "SLOT_HAS_APPOINTMENT"
        return "SLOT_IN_PAST" if slot.starts_at <= now else ""

    def _book(self, request, slot, version, now, given_up):
        if not version.published:
            return {"SLOT_NOT_FOUND"}
        if version.withdrawn:
            return {"SLOT_WITHDRAWN"}
        if version.active:
            return {"SLOT_TAKEN"}
        if slot.starts_at <= now:
            return {"SLOT_IN_PAST"}
        since, own = now - UNLOCKED_US, (given_up, request.appointment_id)

        def counts(other):
            return other.appointment_id not in own and other.held(since, now)

        codes = {""}
        if any(counts(other) and other.overlaps(slot) for other in self.at(self.appointments_by_hour, request.caller, slot)):
            codes.add("PATIENT_OVERLAP")
        held = self.to_come(request.caller, now)
        to_come = sum(1 for other in held if counts(other) and other.slot.starts_at > since)
        if 0 < self.limits.booking_limit <= to_come:
            codes.add("BOOKING_LIMIT_REACHED")
        return codes

    def _end(self, request, slot, version, now):
        fields, name = request.fields, request.name
        appointment = self.appointments.get(fields["appointment_id"])
        state = version.states.get(fields["appointment_id"])
        if state is None or appointment.slot is not slot or not self._takes_part(request, appointment):
            return {"APPOINTMENT_NOT_FOUND"}
        if state != "BOOKED":
            return {"ALREADY_" + state}
        if name == "CompleteAppointment":
            return {"COMPLETE_TOO_EARLY" if now < slot.starts_at else ""}
        if name == "MarkNoShow":
            return {"NOSHOW_TOO_EARLY" if now < slot.starts_at + self.limits.noshow_grace_us else ""}
        if request.role != "patient" and fields["reason"] is None:
            return {"REASON_REQUIRED"}
        if now >= slot.starts_at:
            return {"CANCEL_TOO_LATE"}
        if name == "CancelAppointment":
            return {""}
        new_slot = self.slot(fields["new_slot_id"])
        codes = set()
        for new_version in new_slot.between(request, now):
            codes |= self._book(request, new_slot, new_version, now, fields["appointment_id"])
        return codes

    @staticmethod
    def _takes_part(request, appointment):
        part = {"patient": appointment.patient_id, "doctor": appointment.slot.doctor_id, "admin": request.caller}
        return part[request.role] == request.caller
