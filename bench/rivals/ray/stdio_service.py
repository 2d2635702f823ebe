"""A stdio MCP server as a Ray Serve deployment, in the shape that its tutorials have: one replica, which keeps one client
session to one child process, GET /tools and POST /call. No credential, no limit. argv: port, command, arguments."""

import signal
import sys
from contextlib import AsyncExitStack

import ray
from fastapi import FastAPI, Request
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from ray import serve

port, command, *arguments = sys.argv[1:]
app = FastAPI()


@serve.deployment(num_replicas=1, max_ongoing_requests=100, ray_actor_options={"num_cpus": 0.5})
@serve.ingress(app)
class StdioService:
    def __init__(self, command: str, arguments: list[str]):
        self._server = StdioServerParameters(command=command, args=arguments)
        self._stack = AsyncExitStack()
        self._session: ClientSession | None = None

    async def _connected(self) -> ClientSession:
        if self._session is None:
            streams = await self._stack.enter_async_context(stdio_client(self._server))
            session = await self._stack.enter_async_context(ClientSession(*streams))
            await session.initialize()
            self._session = session
        return self._session

    @app.get("/tools")
    async def tools(self):
        listed = await (await self._connected()).list_tools()
        return {"tools": [tool.model_dump() for tool in listed.tools]}

    @app.post("/call")
    async def call(self, request: Request):
        body = await request.json()
        result = await (await self._connected()).call_tool(body["tool_name"], body["tool_args"])
        return {"result": result.model_dump()}


ray.init(num_cpus=1, include_dashboard=False, object_store_memory=100 * 1024 * 1024, log_to_driver=False)
serve.start(http_options={"host": "127.0.0.1", "port": int(port)})
serve.run(StdioService.bind(command, arguments))
signal.sigwait([signal.SIGTERM, signal.SIGINT])
serve.shutdown()
ray.shutdown()
