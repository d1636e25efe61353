"""The usual stack as a service: FastAPI before FAISS, a question to its nearest passages.

What enters: a folder of PDFs, the folder of an embedding model, a port. What leaves: ``POST /search`` until it is
stopped. It runs in the peers' own environment and knows nothing of Scoville; the embedding and the search run in
FastAPI's threads, as a function without ``async`` does.
"""

import argparse
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from langchain_stack import index, load_model
from pydantic import BaseModel


class Question(BaseModel):
    """What is looked for."""

    question: str
    limit: int = 5


def main() -> None:
    """Index the documents, then serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    store = index(sorted(given.documents.glob("*.pdf")), load_model(given.model)).store
    app = FastAPI()

    @app.post("/search")
    def search(body: Question) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        found = store.similarity_search_with_score(body.question, k=body.limit)
        hits = [{"text": one.page_content, "score": float(score), **one.metadata} for one, score in found]
        return {"hits": hits}

    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
