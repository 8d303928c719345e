"""Stands between a worker and PostgreSQL, and cuts a connection at its COMMIT when told to.

    proxy.py PORT

Prints the port that it listens on, then obeys lines on standard input: `before` cuts the next COMMIT off before the server has
it, `after` cuts the connection when the server has committed and the worker has not heard of it. Each prints `cut` once it has
come about; `never` takes back what has not. Ends with its standard input. For connections without TLS.
"""

import asyncio
import sys

CHUNK = 1 << 16
COMMIT_ASKED = b"\0commit\0"  # Bind: no portal's name, and the statement's
COMMIT_DONE = b"C\0\0\0\x0bCOMMIT\0"


class Proxy:
    def __init__(self, port):
        self.port = port
        self.armed = None

    def cut(self, link):
        self.armed = None
        for writer in link["writers"]:
            writer.transport.abort()
        print("cut", flush=True)

    async def pump(self, reader, writer, link, upwards):
        try:
            while data := await reader.read(CHUNK):
                if upwards and self.armed == "before" and COMMIT_ASKED in data:
                    return self.cut(link)
                if upwards and self.armed == "after" and COMMIT_ASKED in data:
                    link["asked"] = True
                if not upwards and link["asked"] and COMMIT_DONE in data:
                    return self.cut(link)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        for one in link["writers"]:
            one.close()

    async def connect(self, reader, writer):
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.transport.abort()
            return
        link = {"writers": (writer, server_writer), "asked": False}
        await asyncio.gather(
            self.pump(reader, server_writer, link, True), self.pump(server_reader, writer, link, False)
        )

    async def obey(self):
        loop = asyncio.get_running_loop()
        lines = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := await lines.readline():
            word = line.decode().strip()
            self.armed = None if word == "never" else word


async def main():
    proxy = Proxy(int(sys.argv[1]))
    server = await asyncio.start_server(proxy.connect, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await proxy.obey()


if __name__ == "__main__":
    asyncio.run(main())
