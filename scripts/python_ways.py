"""The tasks of scripts/compare_python, and CPython's ways to do them."""
import asyncio
import concurrent.futures
import http.client
import multiprocessing
import os
import pathlib
import queue
import sys
import threading
import time
import urllib.parse

PAGE = b'{"task": "done"}\n'
connections = threading.local()  # one to the server a thread, kept, as concdemo's


# The tasks: functions of the module, so that processes can be sent them.

def cpu(task):
    first = task["index"] * task["numbers"]
    return float(sum(x * x for x in range(first, first + task["numbers"])))


def get(task):
    url = urllib.parse.urlsplit(task["url"])
    if getattr(connections, "process", None) != os.getpid():  # a forked process has its parent's
        connections.process = os.getpid()
        connections.kept = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    connections.kept.request("GET", url.path)
    answer = connections.kept.getresponse()
    if answer.read() != PAGE:
        raise OSError(f"{task['url']} answered with something else than its page")
    return answer.status


def write(task):
    path = os.path.join(task["folder"], str(task["index"]))
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    os.unlink(path)  # as concdemo does
    try:
        os.write(file, bytes([task["index"] % 256]) * task["bytes"])
        os.fsync(file)
        return os.fstat(file).st_size
    finally:
        os.close(file)


def sleep(task):
    time.sleep(task["wait_s"])
    return task["index"]


RUN = {"cpu": cpu, "http": get, "file": write, "sleep": sleep}


def known(kind, task):
    def below(n):
        return (n - 1) * n * (2 * n - 1) // 6

    first = task["index"] * task.get("numbers", 0)
    return {"cpu": lambda: float(below(first + task["numbers"]) - below(first)), "http": lambda: 200,
            "file": lambda: task["bytes"], "sleep": lambda: task["index"]}[kind]()


# The ways: each yields (workers, a function that does the tasks, a function of the CPU seconds used so far).

def children_cpu_s(pids):
    """User and system time of processes, to the kernel's hundredth of a second."""
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def serial(run, _workers):
    yield 1, lambda tasks: [run(task) for task in tasks], time.process_time


def threads(run, workers):
    def work(todo, results):
        while True:
            try:
                i, task = todo.get_nowait()
            except queue.Empty:
                return
            results[i] = run(task)

    def all_of(tasks):
        todo, results = queue.Queue(), [None] * len(tasks)
        for item in enumerate(tasks):
            todo.put(item)
        started = [threading.Thread(target=work, args=(todo, results)) for _ in range(workers)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
        return results

    yield workers, all_of, time.process_time


def thread_pool(run, workers):
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        yield workers, lambda tasks: list(pool.map(run, tasks)), time.process_time


def process_pool(run, workers):
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        yield (workers, lambda tasks: list(pool.map(run, tasks)),
               lambda: time.process_time() + children_cpu_s(list(pool._processes or {})))


def pool_of_processes(run, workers):
    with multiprocessing.Pool(workers) as pool:
        pids = [child.pid for child in multiprocessing.active_children()]
        yield (workers, lambda tasks: pool.map(run, tasks, chunksize=1),
               lambda: time.process_time() + children_cpu_s(pids))


def event_loop(run, _workers):
    async def asynchronous(task):
        if run is sleep:
            await asyncio.sleep(task["wait_s"])
            return task["index"]
        if run is not get:
            return run(task)  # nothing to await: one after the other
        url = urllib.parse.urlsplit(task["url"])
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        writer.write(f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if await reader.readexactly(len(PAGE)) != PAGE:
            raise OSError(f"{task['url']} answered with something else than its page")
        writer.close()
        return int(head.split()[1])

    async def all_of(tasks):
        return await asyncio.gather(*map(asynchronous, tasks))

    yield 1, lambda tasks: asyncio.run(all_of(tasks)), time.process_time


WAYS = {"serial": serial, "threading": threads, "ThreadPoolExecutor": thread_pool,
        "multiprocessing.Pool": pool_of_processes, "ProcessPoolExecutor": process_pool, "asyncio": event_loop}


def measure(way, kind, tasks, workers, repeat):
    made = way(RUN[kind], workers)
    workers, all_of, cpu_s = next(made)
    best = None
    all_of(tasks[:workers])  # executors start their workers at the first task
    for _ in range(repeat):
        cpu_before, start = cpu_s(), time.perf_counter()
        results = all_of(tasks)
        seconds, used = time.perf_counter() - start, cpu_s() - cpu_before
        if results != [known(kind, task) for task in tasks]:
            sys.exit(f"compare_python: {kind} tasks: {way.__name__} gave a wrong result")
        if best is None or seconds < best[0]:
            best = seconds, used
    for _ in made:
        pass  # leaves the pool's `with`
    return workers, *best
