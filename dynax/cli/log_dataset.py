"""The dataset of a log on which a trained model is tested."""

from omegaconf import DictConfig

from dynax.data.dataset import Dataset
from dynax.errors import UserError
from dynax.trained import TrainedModel


def test_dataset(cfg: DictConfig, trained: TrainedModel) -> Dataset | None:
    """Return the dataset of the command line, or that of the training if the robot is known only from logs.

    Returns:
        The dataset, or None if the simulator makes the test trajectories.

    Raises:
        UserError: if the dataset of the training is not there any more.
    """
    if cfg.dataset is not None:
        return Dataset.open(cfg.dataset)
    if not trained.env.is_recorded:
        return None
    path = trained.info.get("dataset")
    try:
        return Dataset.open(str(path))
    except UserError as error:
        raise UserError(
            f"dataset=<directory> is required, because the log of the training is not there: {error}"
        ) from None
