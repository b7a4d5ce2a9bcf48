"""The line from a stored campaign to delivered messages: tick, enroll, deal, lane, guard, deliver, settle, finish."""
