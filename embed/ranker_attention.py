"""The ranker's attention over the history: how each item of it goes with a candidate decides how much it counts.

After Deep Interest Networks (Zhou et al. 2018, "Deep Interest Network for click-through rate prediction", equation 3).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

SUMS = 2
"""So many numbers the attention gives of a candidate."""
SCALE = 7.0
"""What they are divided by: so that they start out no larger than features, where 50 items are weighed."""
_AT_ONCE = 1 << 13
"""Candidates whose pairs are weighed at once, to bound the memory."""


@dataclass(frozen=True)
class Beside:
    """What a ranker with attention sees of n candidates: features float32 (n, f), and beside them `pairs` (n, h).

    Those say how well a candidate goes with each item of its user's history, the newest first; nan where that is
    shorter than h.
    """

    features: Tensor
    pairs: Tensor

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, rows: Tensor) -> "Beside":
        """Some candidates, int64 (m,)."""
        return Beside(self.features[rows], self.pairs[rows])

    def split(self, size: int) -> list["Beside"]:
        """So many candidates at once, in order."""
        return [Beside(*part) for part in zip(self.features.split(size), self.pairs.split(size), strict=True)]

    def cpu(self) -> "Beside":
        """The same, where numpy can read it."""
        return Beside(self.features.cpu(), self.pairs.cpu())


Rows = Tensor | Beside
"""What a ranker sees of candidates: features float32 (n, f), with pairs beside them where it has attention."""


def features_of(rows: Rows) -> Tensor:
    """The features of candidates, float32 (n, f)."""
    return rows.features if isinstance(rows, Beside) else rows


class Attention(nn.Module):
    """For each candidate the sums of w_j s_j and of w_j over its history, where s_j says how item j goes with it.

    w_j = MLP(s_j, log j), with j from 1 for the newest. As in the paper the weights are not normalised: a history that
    goes well with a candidate in many places says more than one that does in a single place.
    """

    def __init__(self, units: int) -> None:
        super().__init__()
        self.first = nn.Linear(2, units)
        self.second = nn.Linear(units, 1)

    def forward(self, pairs: Tensor) -> Tensor:
        """From pairs (n, h), nan where there is none, to float32 (n, SUMS)."""
        return torch.cat([self._sums(part.float()) for part in pairs.split(_AT_ONCE)])

    def _sums(self, pairs: Tensor) -> Tensor:
        there, said = ~pairs.isnan(), pairs.nan_to_num()
        of_pair, of_place = self.first.weight.T
        log_place = torch.arange(1, pairs.shape[1] + 1, device=pairs.device).float().log()
        places = log_place.unsqueeze(1) * of_place + self.first.bias
        hidden = torch.relu(said.unsqueeze(2) * of_pair + places)
        weight = self.second(hidden).squeeze(2) * there
        return torch.stack([(weight * said).sum(1), weight.sum(1)], dim=1) / SCALE
