"""Writing a partition's views to Redis: in order, fenced, and never half.

The offset in `applied` is the fence. A batch is written only if `applied` is what the writer
believes; anew-written views are made aside and put in place at once, only if `applied` has not
moved meanwhile. So whoever is behind (a zombie, a second follower) changes nothing.
"""

from collections.abc import Iterable

from redis.asyncio import Redis

from services.contracts import views
from services.kit.clock import new_id
from services.router.follower.documents import Fields

ASIDE_SECONDS = 60
_WRITE = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
local at = 3
for key = 2, #KEYS do
  for _ = 1, tonumber(ARGV[at]) do
    if ARGV[at + 2] == '' then
      redis.call('HDEL', KEYS[key], ARGV[at + 1])
    else
      redis.call('HSET', KEYS[key], ARGV[at + 1], ARGV[at + 2])
    end
    at = at + 2
  end
  at = at + 1
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""
_REPLACE = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
for key = 2, 4 do
  local aside = KEYS[key + 3]
  if redis.call('EXISTS', aside) == 1 then
    redis.call('RENAME', aside, KEYS[key])
    redis.call('PERSIST', KEYS[key])
  else
    redis.call('DEL', KEYS[key])
  end
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""


class RedisViews:
    """The views' keys in one Redis. Every call raises `redis.RedisError` when Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._write = redis.register_script(_WRITE)
        self._replace = redis.register_script(_REPLACE)

    async def applied(self, partitions: Iterable[int]) -> dict[int, int | None]:
        """Partition → the offset that its views show; None if they are not there."""
        numbers = list(partitions)
        values = await self._redis.mget([views.applied(number) for number in numbers])
        return {
            number: int(value) if value is not None else None
            for number, value in zip(numbers, values, strict=True)
        }

    async def write(
        self, partition: int, expected: int, now: int, changes: dict[str, Fields]
    ) -> bool:
        """Bring the views from `expected` to `now`; False, and nothing written, if they are not
        at `expected`."""
        arguments = [str(expected), str(now)]
        keys = views.keys(partition)
        for key in keys[1:]:
            fields = changes.get(key, {})
            arguments.append(str(len(fields)))
            for field, document in fields.items():
                arguments += (field, document)
        return bool(await self._write(keys=keys, args=arguments))

    def aside(self, partition: int) -> "Aside":
        """Write the views anew, beside the old ones, which stay until `put_in_place`."""
        return Aside(self._redis, partition)

    async def put_in_place(
        self, aside: "Aside", partition: int, seen: int | None, now: int
    ) -> bool:
        """The views made aside become the views, at `now`; False if `applied` is not `seen` any
        more."""
        keys = [*views.keys(partition), *aside.keys.values()]
        seen_text = "" if seen is None else str(seen)
        return bool(await self._replace(keys=keys, args=[seen_text, str(now)]))


class Aside:
    """Views in the making. Those that are never put in place go by themselves."""

    def __init__(self, redis: Redis, partition: int) -> None:
        self._redis = redis
        token = new_id()
        self.keys = {key: f"{key}:{token}" for key in views.keys(partition)[1:]}

    async def add(self, key: str, fields: Fields) -> None:
        """More fields of one of the hashes."""
        if not fields:
            return
        async with self._redis.pipeline(transaction=True) as pipeline:
            flat = [text for pair in fields.items() for text in pair]
            pipeline.hset(self.keys[key], items=flat)
            pipeline.expire(self.keys[key], ASIDE_SECONDS)
            await pipeline.execute()
