"""Queries, and lists walked from page to page."""

import uuid

from kit.client import SCHEMAS, soon

QUERY = "slotkeeper.query."
PAST, FUTURE = soon(-10 * 365 * 86400), soon(10 * 365 * 86400)
PAGES_MAX = 10_000


class Queries:
    def __init__(self, client):
        self.client = client
        self.topic = client.cell.topic("queries")

    def send_value(self, value, account, **options):
        return self.client.send_bytes(value, account, topic=self.topic, **options)

    def send(self, name, account, command_id=None, fields=None, **options):
        command_id = command_id or uuid.uuid4()
        value = SCHEMAS.encode(QUERY + name, {"command_id": command_id, **(fields or {})})
        return self.send_value(value, account, command_id=command_id, **options)

    def ask(self, query_name, asking_account, **fields):
        """The answer."""
        return self.send(query_name, asking_account, fields=fields).answer()

    def list(self, name, account, **fields):
        if name != "GetHistory":
            fields = {"from": PAST, "until": FUTURE, **fields}
        return self.ask(name, account, **fields)

    def page(self, name, account, **fields):
        """(items, next_cursor)"""
        answer = self.list(name, account, **fields)
        assert answer.code == "ACCEPTED", answer.outcome
        return answer.result["items"], answer.result["next_cursor"]

    def walk(self, name, account, **fields):
        """The items of all pages."""
        items, cursor = self.page(name, account, **fields)
        for _ in range(PAGES_MAX):
            if cursor is None:
                return items
            more, cursor = self.page(name, account, cursor=cursor, **fields)
            items += more
        raise AssertionError("the list does not end")
