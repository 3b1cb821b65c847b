"""TransE by hand, in plain torch: the yardstick for our loop. The plainest optimiser, as in Bordes et al. 2013."""

import time

import torch
from torch import Tensor
from torch.nn.functional import embedding, normalize, relu


class HandLoop:
    """Triples int64 (t, 3), each with one negative; touched entities are kept at length 1; plain gradient descent."""

    def __init__(self, triples: Tensor, n_entities: int, n_relations: int, dim: int) -> None:
        self.triples = triples
        self.entities = torch.nn.Parameter(normalize(torch.randn(n_entities, dim)))
        self.relations = torch.nn.Parameter(normalize(torch.randn(n_relations, dim)))

    def triples_per_second(self, batch: int, margin: float, rate: float) -> float:
        """Train for one epoch."""
        begin = time.perf_counter()
        for rows in torch.randperm(len(self.triples)).split(batch):
            self._step(self.triples[rows], margin, rate)
        return len(self.triples) / (time.perf_counter() - begin)

    def _step(self, true: Tensor, margin: float, rate: float) -> None:
        false, half = true.clone(), len(true) // 2
        false[:half, 0] = torch.randint(len(self.entities), (half,))
        false[half:, 2] = torch.randint(len(self.entities), (len(true) - half,))
        self.entities.grad = self.relations.grad = None
        relu(margin + self._distance(true) - self._distance(false)).mean().backward()
        touched = torch.cat([true[:, 0], true[:, 2], false[:, 0], false[:, 2]])
        with torch.no_grad():
            self.entities.add_(self.entities.grad, alpha=-rate)
            self.relations.add_(self.relations.grad, alpha=-rate)
            self.entities[touched] = normalize(self.entities[touched])

    def _distance(self, triples: Tensor) -> Tensor:
        head, relation, tail = triples.T
        at = embedding(head, self.entities, sparse=True) + embedding(relation, self.relations, sparse=True)
        return (at - embedding(tail, self.entities, sparse=True)).abs().sum(1)
