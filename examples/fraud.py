"""Is this payment fraud? Answered from a Kafka stream in 20 ms; chargebacks tell a day later; high risk, so people decide."""

import polars as pl
from xgboost import XGBClassifier

import ninefold as nf

fraud = nf.Problem(
    "At each payment: will it be charged back within 24 hours?",
    why="A missed fraud costs its amount; a blocked honest payment costs 12 €.",
    owner="payments-risk",
    risk=nf.risk("high", because="refuses a service to a person", approve=["model-risk", "payments-risk"]),
    predict=nf.binary(nf.ahead("chargebacks", nf.any(), "24h"), of="payments", at="paid_at", settle="2h"),
    solved_when=[
        nf.cost(false_alarm=12, miss="amount") <= 0.6 * nf.baseline,
        nf.false_positive_rate(by="country", at_least=200).gap <= 0.01,
        nf.latency.p99 <= "20ms",
    ],
)

payment_topic = nf.Source("bus:payments")
chargeback_topic = nf.Source("bus:chargebacks")


@nf.table(mode="stream", key="payment_id", time="paid_at", personal=["card"], expect=[nf.between("amount", 0, 50_000)])
def payments(payment_topic: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each payment asked for."""
    return payment_topic.select("payment_id", "paid_at", "card", "shop", "amount", "country", "channel")


@nf.table(mode="stream", key="payment_id", time="told_at")
def chargebacks(chargeback_topic: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each payment charged back, when we were told; card and shop copied by the bank."""
    return chargeback_topic.select("payment_id", "told_at", "card", "shop")


card = nf.Features(
    payments, by="card",
    paid_10m=nf.count("10m"), spent_1d=nf.sum("amount", "1d"), spent_30d=nf.sum("amount", "30d"),
    ratio=pl.col("amount") / pl.col("spent_30d"),
)
shop = nf.Features(chargebacks, by="shop", bad_7d=nf.count("7d"))

bursts = nf.Hypothesis("Stolen cards are used in bursts", nf.helps("card"))

guard = nf.Model(
    fraud,
    features=[card, shop, "amount", "country", "channel"],
    candidates={"trees": nf.on(nf.tune(XGBClassifier(device="cuda"), max_depth=nf.ints(3, 9)), gpus=1, timeout="2h")},
    split=nf.by_time(validate="30d", test="30d"),
)

gate = nf.Endpoint(guard, to="bus:decisions", holdout="1%", release=nf.canary("5%"))  # log="strict" is the default at high risk
watch = nf.Monitor(
    gate,
    every="1h",
    checks=[nf.freshness(), nf.drift(), nf.quality(then=nf.retrain()), nf.bias(by=["country", "channel"], then=nf.ask("model-risk"))],
    tell=["https://hooks.example.com/fraud"],
)
