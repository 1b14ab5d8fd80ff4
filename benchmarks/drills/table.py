"""Every drill there is; a new one is a function and a line here."""

from . import crash, crowd, handlers, loss, network
from .stage import Drill

DRILLS = (
    Drill("consumer killed, busy stream", "all taken over within lease + 1 s, 0 lost", crash.killed_on_a_busy_stream),
    Drill("consumer killed, idle stream", "all taken over within lease + 1 s, 0 lost", crash.killed_on_an_idle_stream),
    Drill("handler awaits 2.4 leases, two consumers", "runs once", handlers.longer_than_its_lease),
    Drill("handler burns the CPU for 2.4 leases, two consumers", "runs once", handlers.burning_the_processor),
    Drill("FLUSHALL under a reader", "10 of 10 within 2 s, group:recreated once", loss.flushed),
    Drill("group deleted under a reader", "10 of 10 within 2 s, group:recreated once", loss.group_deleted),
    Drill("server killed under load", "0 lost, 0 twice", loss.server_killed),
    Drill("reply to a publish lost", "one entry an event", network.reply_lost),
    Drill("poison of three kinds", "3 dead letters, nobody blocked", handlers.poison),
    Drill("handler hangs", "dead letter after 2 attempts, nobody blocked", handlers.hanging),
    Drill("SIGTERM with a full buffer", "exit 0, the rest handed back within 2 s, 0 lost, 0 twice", crash.told_to_go),
    Drill("blocking reads cancelled", "no wrong answer, 0 lost", network.reads_cancelled),
    Drill("200 consumer restarts", "no names left behind", crash.restarts),
    Drill("50 subscribers in one process", "all see all, p99 below 1 s", crowd.fifty_subscribers),
    Drill("a slow subscriber", "the others do not wait, nothing dropped", crowd.a_slow_one),
    Drill("maxmemory reached", "clear error, what is there is handled, nothing dropped", loss.memory_full),
)
