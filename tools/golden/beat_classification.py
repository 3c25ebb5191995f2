"""Golden numbers for the judgement of beat classification, from scikit-learn.

    python tools/golden/beat_classification.py > crates/paucal-signal/tests/golden/beat_classification.json
"""

import json

import numpy as np
from sklearn import metrics

rng = np.random.default_rng(20)
shares = np.array([0.7, 0.1, 0.15, 0.05])
reference = rng.choice(4, 160, p=shares)
logits = rng.normal(size=(160, 4)) + 2.0 * np.eye(4)[reference]
probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
predicted = probabilities.argmax(axis=1)
ppv, sensitivity, f1, _ = metrics.precision_recall_fscore_support(reference, predicted, labels=range(4))
kappa = metrics.cohen_kappa_score(reference, predicted)
print(json.dumps({
    "reference": reference.tolist(),
    "predicted": predicted.tolist(),
    "probabilities": probabilities.tolist(),
    "accuracy": metrics.accuracy_score(reference, predicted),
    "kappa": kappa,
    "j_kappa": kappa / 2 + (sensitivity[1] + sensitivity[2] + ppv[1] + ppv[2]) / 8,
    "macro_f1": metrics.f1_score(reference, predicted, average="macro"),
    "sensitivity": sensitivity.tolist(),
    "ppv": ppv.tolist(),
    "f1": f1.tolist(),
    "brier": float(((probabilities - np.eye(4)[reference]) ** 2).sum(axis=1).mean()),
    "log_loss": metrics.log_loss(reference, probabilities, labels=range(4)),
}))
