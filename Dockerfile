# docker build -t offprint . && docker run -p 8080:8080 -v offprint:/data offprint
FROM golang:1.26 AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends npm make
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN make build && mkdir /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/bin/offprint /offprint
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
ENV OFFPRINT_DATA_DIR=/data OFFPRINT_ADDR=0.0.0.0:8080
VOLUME /data
EXPOSE 8080
# The first start prints the owner link: see docker logs.
ENTRYPOINT ["/offprint"]
CMD ["serve"]
