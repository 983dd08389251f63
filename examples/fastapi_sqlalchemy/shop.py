"""A shop on FastAPI with SQLAlchemy's asyncio extension: a session a request, by a dependency."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, Request
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

DATABASE = "sqlite+aiosqlite:///shop.db"
PAYMENT_SECONDS = 40


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    what: Mapped[str]


async def session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.state.sessions() as opened:
        yield opened


type Session = Annotated[AsyncSession, Depends(session)]


async def pay() -> None:
    """The bank takes its time."""
    await asyncio.sleep(PAYMENT_SECONDS)


def create_app(database: str = DATABASE) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict]:
        engine = create_async_engine(database)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield {"sessions": async_sessionmaker(engine, expire_on_commit=False)}
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.post("/paid-orders/{what}", status_code=201)
    async def order_when_paid(what: str, session: Session) -> dict[str, int]:
        """Keeps the client waiting for the bank. An edge gives up before."""
        await pay()
        order = Order(what=what)
        session.add(order)
        await session.commit()
        return {"id": order.id}

    @app.post("/orders/{what}", status_code=202)
    async def order(what: str, session: Session, background: BackgroundTasks) -> dict[str, int]:
        """Answers when the order is stored."""
        order = Order(what=what)
        session.add(order)
        await session.commit()
        background.add_task(pay)
        return {"id": order.id}

    return app
