"""What a training and a fine-tuning can be told; no torch, so that a configuration is checked without it."""

from typing import Annotated, Literal

from pydantic import Field

from nascore.strict import Strict


class TrainingOptions(Strict):
    """How the supernet is trained."""

    strategy: Literal["sandwich", "progressive_shrinking", "multi_path"] = Field(
        "sandwich",
        description="`sandwich`: largest, smallest and random subnets in each step, the largest teaching the others. "
        "`progressive_shrinking`: the largest first, then kernel, depth, expand and width become elastic, as published "
        "for Once-for-All. `multi_path`, for space `binas`: the largest first, then each image through a random subnet "
        "of its own, which learns logits and feature maps of the largest.",
    )
    epochs: Annotated[int, Field(ge=1)] = Field(
        30, description="Passes over the training images; a strategy of several phases divides them among these."
    )
    batch_size: Annotated[int, Field(ge=2)] = Field(64, description="Images per step, over all processes.")
    learning_rate: Annotated[float, Field(gt=0)] = Field(2e-3, description="Peak learning rate of AdamW.")
    weight_decay: Annotated[float, Field(ge=0)] = Field(
        0.02, description="Weight decay of convolutions and the classifier."
    )
    warmup: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.05, description="Share of a phase's steps in which the learning rate rises, before the cosine."
    )
    random_subnets: Annotated[int, Field(ge=0)] = Field(
        2, description="Random subnets per step of the sandwich rule, beside the largest and the smallest."
    )
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = Field(0.1, description="Of labels, not of the teacher.")
    min_crop: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="Smallest share of the image's area that a random crop keeps; 1 is no cropping."
    )
    monitor_images: Annotated[int, Field(ge=0)] = Field(
        500,
        description="Images of `search` for the accuracies of the learning curve, measured after each epoch; 0: none.",
    )
    threads: Annotated[int, Field(ge=1)] = Field(
        2,
        description="CPU threads per process. Sums are made in another order with another number, so it is a setting.",
    )
    processes: Annotated[int, Field(ge=1)] = Field(
        1, description="Data-parallel processes on this machine (torchrun); the batch is divided among them."
    )


class FinetuningOptions(Strict):
    """How the winner of a target is fine-tuned; whatever is not said here is as in the training."""

    epochs: Annotated[int, Field(ge=0)] = Field(
        0,
        description="Passes over the training images in which the winner's weights are trained further, alone, with "
        "the supernet's largest subnet as its teacher; 0: no fine-tuning.",
    )
    batch_size: Annotated[int, Field(ge=2)] = Field(64, description="Images per step.")
    learning_rate: Annotated[float, Field(gt=0)] = Field(
        2e-4, description="Peak learning rate of AdamW; a tenth of the training's default, as weights are to be kept."
    )

    def beside(self, training: TrainingOptions) -> TrainingOptions:
        """Return the options of the fine-tuning, which is one phase in one process."""
        return training.model_copy(update={**self.model_dump(), "processes": 1})
