"""What a batch of triples loses against triples that are not known, by PyKEEN's models and losses."""

from typing import Any

import torch
from torch import Tensor

from embed.interactions import Model, Side, query, score_all


def lose_to_own(model: Any, triples: Tensor, n: int) -> Tensor:
    """The loss of triples int64 (b, 3), each against n of its own: the first half get other heads, the rest tails.

    As PyKEEN's BasicNegativeSampler draws them, but each end is looked up once, not again for each negative.
    """
    head, relation, tail = triples.T
    half = (len(triples) + 1) // 2
    replaced = torch.cat([head[:half], tail[half:]]).repeat_interleave(n)
    drawn = torch.randint(model.num_entities - 1, replaced.shape, device=triples.device)
    drawn += drawn >= replaced  # every entity but the one it replaces
    ends = model.entity_representations[0](torch.cat([head, tail, drawn]))
    h, t, other = ends.split([len(head), len(tail), len(drawn)])
    r = model.relation_representations[0](relation)
    true = model.interaction(h, r, t).unsqueeze(1)
    other = other.view(len(triples), n, -1)
    h, r, t = h.unsqueeze(1), r.unsqueeze(1), t.unsqueeze(1)
    false = [model.interaction(other[:half], r[:half], t[:half]), model.interaction(h[half:], r[half:], other[half:])]
    return _loss(model, true, torch.cat(false))


def lose_to_shared(model: Any, name: Model, norm: int, triples: Tensor, *, n: int, side: Side) -> Tensor:
    """The loss of triples int64 (b, 3) against the same n entities in the place of all heads, or all tails."""
    head, relation, tail = triples.T
    drawn = torch.randint(model.num_entities, (n,), device=triples.device)
    h, t, other = model.entity_representations[0](torch.cat([head, tail, drawn])).split([len(head), len(tail), n])
    r = model.relation_representations[0](relation)
    asked = query(name, h if side == "tail" else t, r, side)
    return _loss(model, model.interaction(h, r, t).unsqueeze(1), score_all(name, norm, asked, other))


def _loss(model: Any, true: Tensor, false: Tensor) -> Tensor:
    """PyKEEN's loss of scores (b, 1) and (b, n)."""
    loss: Tensor = model.loss.process_slcwa_scores(positive_scores=true, negative_scores=false)
    return loss
