# The workflow with its locked environment, for a user without rights; docs/howto/containers.md says how to run it.
FROM python:3.11-slim

# Where pip finds CPU builds of torch, if anywhere else than by default.
ARG PIP_EXTRA_INDEX_URL

# Whoever runs the container, what is mounted is theirs; nothing is kept in a home.
ENV HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /nascore
RUN useradd --uid 1000 --no-create-home nascore \
    && install -d -m 1777 .snakemake data results latency

COPY requirements.lock ./
RUN pip install --no-cache-dir -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .

USER 1000
ENTRYPOINT ["snakemake"]
CMD ["--cores", "2"]
