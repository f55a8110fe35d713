"""Autologging of PyTorch through Lightning."""

import json

import lightning
import mlflow
import torch


class Line(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, place):
        x, y = batch
        loss = torch.nn.functional.mse_loss(self.layer(x), y)
        self.log("loss", loss, on_epoch=True)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


x = torch.linspace(0, 1, 64).unsqueeze(1)
mlflow.pytorch.autolog()
with mlflow.start_run() as run:
    trainer = lightning.Trainer(max_epochs=2, enable_progress_bar=False, logger=False, enable_checkpointing=False)
    trainer.fit(Line(), torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, 2 * x), batch_size=16))
found = mlflow.get_run(run.info.run_id)
assert "loss" in found.data.metrics, found.data.metrics
print(json.dumps({"epochs": int(found.data.params["epochs"])}))
