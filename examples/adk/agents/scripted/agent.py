"""An agent whose model only waits and then says one sentence: the server around it is what is tested.

ADK_MODEL_SECONDS: how long it waits.
"""

import asyncio
import os
from collections.abc import AsyncGenerator

from google.adk.agents import LlmAgent
from google.adk.models import BaseLlm, LlmRequest, LlmResponse
from google.genai import types

ANSWER = "Hello from the scripted model."


class Scripted(BaseLlm):
    """A model without a network."""

    async def generate_content_async(
        self, llm_request: LlmRequest, stream: bool = False
    ) -> AsyncGenerator[LlmResponse, None]:
        """One answer, after the wait."""
        await asyncio.sleep(float(os.environ.get("ADK_MODEL_SECONDS", "130")))
        yield LlmResponse(content=types.Content(role="model", parts=[types.Part(text=ANSWER)]))


root_agent = LlmAgent(name="scripted", model=Scripted(model="scripted"), instruction="Answer.")
