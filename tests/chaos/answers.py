"""Rules 1 and 3: each request record has one outcome, under the id that its place gives, on the topic that it named."""

from dataclasses import dataclass

from wire import OUTCOME


@dataclass(slots=True)
class Answer:
    record: object
    body: dict
    duplicate: bool
    refused_reply: bool

    @property
    def code(self):
        return self.body["code"]


def check(case):
    match(case)
    for request in case.requests.values():
        if request.answer is None:
            if request.record.text("kafka_replyTopic") not in case.gone_topics:
                case.find(1, "no answer", request.place)
            continue
        check_route(case, request)
        marked = request.answer.duplicate and request.early is None
        if not marked and request.answer.code != "COMMAND_ID_REUSED":
            check_id(case, request)


def check_id(case, request):
    if request.answer.body["outcome_id"] != request.outcome_id:
        case.find(1, "another outcome_id than documented", request.place)


def read(case, record):
    if record.value is None or record.value[:10] != OUTCOME.prefix:
        case.find(1, "an answer in another framing", record.place())
        return None
    try:
        body = OUTCOME.decode(record.value)
    except Exception as error:  # fastavro raises whatever its readers meet
        case.find(1, f"an answer that cannot be read: {error}", record.place())
        return None
    answer = Answer(
        record,
        body,
        record.text("slotkeeper-duplicate") == "true",
        record.text("slotkeeper-reply-refused") == "true",
    )
    if record.text("ce_id") != body["outcome_id"] or record.text("slotkeeper-status") != body["status"]:
        case.find(1, "headers and body differ", record.place())
    return answer


def match(case):
    by_correlation, by_id = {}, {}
    for request in case.requests.values():
        if request.correlation is not None:
            by_correlation[request.correlation] = request
        else:
            by_id[request.outcome_id] = request
    # In the order of their times: one without a key may come again on another partition, which may have been read before.
    for record in sorted(case.history.answers, key=lambda record: record.timestamp_ms):
        answer = read(case, record)
        if answer is None:
            continue
        correlation = record.headers.get("kafka_correlationId")
        request = by_id.get(answer.body["outcome_id"]) if correlation is None else by_correlation.get(correlation)
        if request is None:
            case.find(1, "an answer without a request", record.place())
        elif request.answer is None:
            request.answer = answer
        else:
            check_copy(case, request, answer)


def check_copy(case, request, answer):
    """Of an answer that is there already."""
    first = request.answer
    same = (answer.record.key, answer.duplicate) == (first.record.key, first.duplicate) and same_value(first, answer)
    if case.republished and same:
        case.copies += 1
    else:
        case.find(3, "answered twice", request.place, first.record.place(), answer.record.place())


def same_value(first, second):
    """Byte for byte; without its result if it could only once go where its request wanted it."""
    if first.refused_reply == second.refused_reply:
        return first.record.value == second.record.value
    return {**first.body, "result": None} == {**second.body, "result": None}


def check_route(case, request):
    answer = request.answer
    named = (request.record.text("kafka_replyTopic") or "").strip('"')
    default = case.history.request_topic.replace(".slot-commands", ".outcomes")
    topic = answer.record.topic
    if answer.refused_reply:
        fits = named != "" and topic == default and answer.body["result"] is None
    else:
        fits = topic == (named or default)
    if not fits and not (answer.code == "MALFORMED" and request.correlation is None):
        case.find(1, f"answered on {topic}", request.place)
    if answer.record.key != request.record.key:
        case.find(1, "another key than the request's", request.place)
