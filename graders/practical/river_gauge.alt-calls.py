"""The river at night: pages by a function that calls itself, readings sorted before they are cleaned, crests by max."""


# %% all_readings
def page_at(service, path):
    status, body = service.get(path)
    if status == 429:
        service.wait(json.loads(body)["retry_after"])
        return page_at(service, path)
    if status == 200:
        return json.loads(body)
    raise RuntimeError(f"status {status} at {path}: {body}")


def all_readings(service, path):
    page = page_at(service, path)
    rest = all_readings(service, page["next"]) if page["next"] else []
    return page["readings"] + rest


# %% clean
def clean(readings):
    known = [reading for reading in readings if reading.get("level_cm") is not None]
    times = [datetime.fromisoformat(reading["at"]) for reading in known]
    order = sorted(range(len(known)), key=times.__getitem__)
    return [(known[place]["gauge"], known[place]["level_cm"], times[place].astimezone(UTC)) for place in order]


# %% crests
def crests(cleaned):
    gauges = {row[0] for row in cleaned}
    highest = {gauge: max(row[1] for row in cleaned if row[0] == gauge) for gauge in gauges}
    return {gauge: (level, min(row[2] for row in cleaned if row[:2] == (gauge, level))) for gauge, level in highest.items()}
